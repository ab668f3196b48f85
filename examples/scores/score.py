"""What a trained model recommends, from Python, by ctypes and nothing else.

    npx pcrec-compile hstu --out build/hstu && node build/hstu/trainer.js --epochs 5 --out runs/hstu
    cc -O2 -march=native -std=gnu11 -ffp-contract=off -fwrapv -fPIC -shared -o libmodel.so build/hstu/score.c -lm
    python3 examples/scores/score.py ./libmodel.so runs/hstu/best.safetensors 3 17 42

Items are places in the checkpoint's list, its metadata "items". Prints the five best that are not among those given.
"""
import ctypes
import sys

if len(sys.argv) < 4:
    sys.exit(f"usage: {sys.argv[0]} LIBRARY CHECKPOINT ITEM...")
library = ctypes.CDLL(sys.argv[1])
library.model_open.restype = ctypes.c_void_p
library.model_error.restype = ctypes.c_char_p
model = ctypes.c_void_p(library.model_open(sys.argv[2].encode(), 1))
if not model:
    sys.exit(library.model_error().decode())

catalogue = library.model_items(model)
seen = [int(item) for item in sys.argv[3:]]
if any(not 0 <= item < catalogue for item in seen):
    sys.exit(f"There are {catalogue} items, from 0.")
# The newest that are read, oldest first.
history = seen[-library.model_length():]
items = (ctypes.c_int * library.model_length())(*history)
lengths = (ctypes.c_int * 1)(len(history))
scores = (ctypes.c_float * catalogue)()
if library.model_score(model, items, lengths, scores) != 0:
    sys.exit("The length is out of range.")
for item in sorted((i for i in range(catalogue) if i not in seen), key=lambda i: -scores[i])[:5]:
    print(item, f"{scores[item]:.9g}")
library.model_close(model)
