"""HSTU in PyTorch behind FastAPI, for `serve.mjs --devices torch`: the checkpoint of our trainer, requests gathered as our server gathers them
(16 at most, 1 ms), scored by one thread beside the loop that answers. python serve_torch.py CHECKPOINT.safetensors (torch, fastapi, uvicorn)"""
import asyncio
import json
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

torch.set_num_threads(1)
LENGTH, BATCH, DELAY = 200, 16, 0.001


def checkpoint(path):
    data = open(path, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    head = json.loads(data[8 : 8 + size])
    meta = head.pop("__metadata__")
    body = memoryview(data)[8 + size :]
    tensors = {
        name: torch.frombuffer(bytearray(body[slice(*t["data_offsets"])]), dtype=torch.float32).reshape(t["shape"])
        for name, t in head.items()
        if t["dtype"] == "F32"
    }
    return tensors, json.loads(meta["items"])


P, IDS = checkpoint(sys.argv[1])
PLACES = {name: at for at, name in enumerate(IDS)}
WIDTH = P["embedding.items"].shape[1]
BLOCKS = sum(name.endswith(".out.weight") for name in P)
TABLE = torch.nn.functional.normalize(P["embedding.items"], dim=1, eps=1e-6)
PLACE = torch.arange(LENGTH)
OFFSET = PLACE[None, :] - PLACE[:, None] + LENGTH - 1
CAUSAL = PLACE[None, :] <= PLACE[:, None]


def part(block, name):
    return P[f"block.{block}.{name}.weight"].squeeze(1)


# One product gives u, v, q and k; the biases of all pairs of positions do not change.
MAPS = [torch.cat([part(b, name) for name in "uvqk"]).T.contiguous() for b in range(BLOCKS)]
OUT = [part(b, "out") for b in range(BLOCKS)]
RAB = [P[f"block.{b}.rab.position"][OFFSET] for b in range(BLOCKS)]


def norm(x):
    return torch.nn.functional.layer_norm(x, (WIDTH,), eps=1e-6)


def score(rows):
    """Scores of all items after each history, which is padded to the longest of the batch."""
    n = max(len(row) for row in rows)
    ids = torch.zeros(len(rows), n, dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
    x = WIDTH**0.5 * P["embedding.items"][ids] + P["embedding.positions"][:n]
    for maps, out, rab in zip(MAPS, OUT, RAB):
        u, v, q, k = torch.nn.functional.silu(norm(x) @ maps).split(WIDTH, dim=-1)
        a = torch.nn.functional.silu(q @ k.transpose(1, 2) + rab[:n, :n]) / LENGTH * CAUSAL[:n, :n]
        x = x + (u * norm(a @ v)) @ out
    last = x[torch.arange(len(rows)), torch.tensor([len(row) for row in rows]) - 1]
    return torch.nn.functional.normalize(last, dim=1, eps=1e-6) @ TABLE.T


@torch.inference_mode()
def answers(questions):
    scores = score([past[-LENGTH:] for past, _ in questions])
    found = []
    for row, (past, top) in zip(scores, questions):
        row[past] = -torch.inf
        best = row.topk(top)
        found.append([(IDS[at], value) for at, value in zip(best.indices.tolist(), best.values.tolist())])
    return found


class Request(BaseModel):
    history: list[str]
    top: int = 10


app = FastAPI()
waiting: asyncio.Queue
scorer = ThreadPoolExecutor(1)


async def gather():
    loop = asyncio.get_running_loop()
    while True:
        batch = [await waiting.get()]
        until = loop.time() + DELAY
        while len(batch) < BATCH:
            try:
                batch.append(await asyncio.wait_for(waiting.get(), max(0, until - loop.time())))
            except asyncio.TimeoutError:
                break
        try:
            found = await loop.run_in_executor(scorer, answers, [question for question, _ in batch])
            for (_, told), answer in zip(batch, found):
                told.set_result(answer)
        except Exception as error:  # Whoever asked hears of it.
            for _, told in batch:
                told.set_exception(error)


@app.post("/recommend")
async def recommend(request: Request):
    told = asyncio.get_running_loop().create_future()
    await waiting.put((([PLACES[item] for item in request.history], request.top), told))
    return {"items": [{"rank": i + 1, "id": item, "score": value} for i, (item, value) in enumerate(await told)]}


async def main():
    global waiting
    waiting = asyncio.Queue()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False))
    task = asyncio.create_task(gather())
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
    await serving
    task.cancel()


asyncio.run(main())
