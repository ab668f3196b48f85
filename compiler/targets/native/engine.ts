/** The part of `score.c` that is the same for all models: memory by the plan's tables, a checkpoint's tensors, and the phases in turn. */
const types = String.raw`// One axis: its size, or the symbol of its size; the input of lengths where it is ragged.
struct axis { int size, symbol, lengths; };
// As runtime/contract/cpu-plan.ts has buffers.
struct buffer {
  const char *name;
  enum role role;
  int field, rank;
  struct axis axes[RANK];
  int rows, packed, inner_count, inner[RANK], pitch, local, cell_sizes, cells[4], more;
};
struct packing { int buffer, count, lengths[2]; };
struct phase { enum { ROWS, GRID, END } kind; void (*run)(const struct memory *, int, int, int); int of; };
`;

const functions = String.raw`
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = sizeof table / sizeof *table };

struct model {
  struct memory memory;
  int size[SYMBOLS];
  char *room, *at[COUNT];
};

static char said[256];
const char *model_error(void) { return said; }

static long size_of(const struct model *m, struct axis a) { return a.symbol < 0 ? a.size : m->size[a.symbol]; }
// A size that a table holds: a number, or a symbol as what is below zero.
static long size_in(const struct model *m, int size) { return size < 0 ? m->size[-1 - size] : size; }
int model_items(const struct model *m) { return ITEMS < 0 ? 0 : m->size[ITEMS]; }

static long cells_of(const struct model *m, const struct buffer *b) {
  long cells = b->local > 0 ? b->local : 1;
  if (b->cell_sizes >= 0) {
    cells = 1;
    for (int i = 0; i < b->cell_sizes; i++) cells *= size_in(m, b->cells[i]);
    return cells + b->more;
  }
  for (int k = 0; k < b->rank; k++) {
    int inside = 0;
    for (int i = 0; i < b->inner_count; i++) inside |= b->inner[i] == k;
    if (!b->local || inside) cells *= b->pitch > 0 && b->inner_count > 0 && b->inner[b->inner_count - 1] == k ? b->pitch : size_of(m, b->axes[k]);
  }
  return cells;
}

// Between a dense array and memory, along the axes inside a row; cells are four bytes.
struct way { const struct buffer *b; long own[RANK], dense[RANK], room[RANK]; int out; };
static void along(const struct way *w, int depth, char *dense, char *memory) {
  const int last = w->b->inner_count - 1;
  if (depth > last) {
    if (w->out) memcpy(dense, memory, 4); else memcpy(memory, dense, 4);
    return;
  }
  for (long i = 0; i < w->own[depth]; i++) along(w, depth + 1, dense + 4 * i * w->dense[depth], memory + 4 * i * w->room[depth]);
}

static void pack(const struct model *m, int number, char *dense, int out) {
  const struct buffer *b = &table[number];
  struct way w = { .b = b, .out = out };
  long step[RANK], one = 1;
  for (int k = b->rank - 1; k >= 0; k--) { step[k] = one; one *= size_of(m, b->axes[k]); }
  const long rows = b->rows < 0 ? 1 : size_of(m, b->axes[b->rows]);
  char *memory = m->at[number];
  for (long r = 0; r < rows; r++) {
    long room = 1;
    for (int i = b->inner_count - 1; i >= 0; i--) {
      const struct axis *a = &b->axes[b->inner[i]];
      w.own[i] = b->packed && a->lengths >= 0 ? ((int *)m->at[a->lengths])[r] : size_of(m, *a);
      w.dense[i] = step[b->inner[i]];
      w.room[i] = room;
      room *= i == b->inner_count - 1 && b->pitch > 0 ? b->pitch : w.own[i];
    }
    along(&w, 0, dense + (b->rows < 0 ? 0 : 4 * r * step[b->rows]), memory);
    memory += 4 * room;
  }
}

static struct model *refused(struct model *m, const char *why, const char *what) {
  snprintf(said, sizeof said, "%s%s", why, what);
  model_close(m);
  return 0;
}

// A tensor's shape and first byte by the header of a safetensors file as our trainers write it; 0 where there is none.
static const char *tensor(const char *header, const char *name, long *shape, int *rank, long *begin, long *end) {
  char key[256];
  snprintf(key, sizeof key, "\"%s\":{\"dtype\":\"F32\",\"shape\":[", name);
  const char *at = strstr(header, key);
  if (at == 0) return 0;
  char *next = (char *)at + strlen(key);
  for (*rank = 0; *next != ']' && *rank < RANK; (*rank)++) { shape[*rank] = strtol(next, &next, 10); if (*next == ',') next++; }
  return sscanf(next, "],\"data_offsets\":[%ld,%ld]", begin, end) == 2 ? at : 0;
}

static int lay_out(struct model *m) {
  long bytes = 1 << 20, offsets[COUNT];
  for (int i = 0; i < COUNT; i++) {
    offsets[i] = bytes;
    bytes += (4 * cells_of(m, &table[i]) + 64 + 63) / 64 * 64;
  }
  // What a read that is dropped asks for lies no further off.
  m->room = calloc(1, bytes + (1 << 20) + 128);
  if (m->room == 0) return 0;
  m->memory.base = m->room + (64 - (size_t)m->room % 64) % 64;
  m->memory.end = m->memory.base + bytes;
  memcpy(&m->memory.size, m->size, sizes * sizeof(int));
  for (int i = 0; i < COUNT; i++) {
    m->at[i] = m->memory.base + offsets[i];
    if (table[i].field >= 0) ((char **)&m->memory.at)[table[i].field] = m->at[i];
  }
  return 1;
}

struct model *model_open(const char *checkpoint, int batch) {
  struct model *m = calloc(1, sizeof *m);
  if (m == 0) return refused(m, "There is no memory.", "");
  FILE *file = fopen(checkpoint, "rb");
  if (file == 0) return refused(m, "This file cannot be opened: ", checkpoint);
  fseek(file, 0, SEEK_END);
  const long length = ftell(file);
  rewind(file);
  char *bytes = malloc(length + 1);
  const int whole = bytes != 0 && fread(bytes, 1, length, file) == (size_t)length;
  fclose(file);
  unsigned long long head = 0;
  if (whole && length > 8) memcpy(&head, bytes, 8);
  if (head == 0 || head + 8 > (unsigned long long)length || batch < 1) { free(bytes); return refused(m, batch < 1 ? "A batch has a user at least." : "This is no checkpoint: ", batch < 1 ? "" : checkpoint); }
  char *header = malloc(head + 1);
  memcpy(header, bytes + 8, head);
  header[head] = 0;
  const char *data = bytes + 8 + head, *wrong = 0;
  long shape[RANK], begin, end;
  int rank;
  m->size[BATCH] = batch;
  m->size[CHUNKS] = SHARES;
  // Sizes that are no batch's are those of the tensors: items.
  for (int i = 0; i < COUNT; i++) if (table[i].role == STATE && tensor(header, table[i].name, shape, &rank, &begin, &end) != 0)
    for (int k = 0; k < rank && k < table[i].rank; k++) if (table[i].axes[k].symbol >= 0) m->size[table[i].axes[k].symbol] = shape[k];
  for (int i = 0; i < SYMBOLS; i++) if (m->size[i] <= 0) wrong = symbols[i];
  if (wrong == 0 && !lay_out(m)) wrong = "memory";
  for (int i = 0; wrong == 0 && i < COUNT; i++) {
    if (table[i].role != STATE) continue;
    if (tensor(header, table[i].name, shape, &rank, &begin, &end) == 0 || rank != table[i].rank || begin < 0 || end > length - 8 - (long)head) { wrong = table[i].name; break; }
    for (int k = 0; k < rank; k++) if (shape[k] != size_of(m, table[i].axes[k])) wrong = table[i].name;
    if (wrong == 0) pack(m, i, (char *)data + begin, 0);
  }
  free(header);
  free(bytes);
  return wrong == 0 ? m : refused(m, "The checkpoint is of another model: it lacks, or has in another shape, ", wrong);
}

void model_close(struct model *m) {
  if (m != 0) free(m->room);
  free(m);
}

static int score(struct model *m, const void *const *given, int scores, float *result) {
  const int batch = m->size[BATCH];
  // Lengths first: by them the rest is packed.
  for (int turn = 0; turn < 2; turn++) for (int i = 0, n = 0; i < COUNT; i++) {
    if (table[i].role != INPUT) continue;
    if (table[i].packed == turn) pack(m, i, (char *)given[n], 0);
    n++;
    for (int k = 0; turn == 1 && k < table[i].rank; k++) {
      const struct axis *a = &table[i].axes[k];
      for (int r = 0; a->lengths >= 0 && r < batch; r++) {
        const int own = ((int *)m->at[a->lengths])[r];
        if (own < 0 || own > size_of(m, *a)) return 1;
      }
    }
  }
  for (const struct packing *p = packings; p->buffer >= 0; p++) {
    int *before = (int *)m->at[p->buffer];
    before[0] = 0;
    for (int r = 0; r < batch; r++) {
      int cells = 1;
      for (int i = 0; i < p->count; i++) cells *= ((int *)m->at[p->lengths[i]])[r];
      before[r + 1] = before[r] + cells;
    }
  }
  for (const struct phase *p = phases; p->kind != END; p++) {
    if (p->kind == GRID) p->run(&m->memory, 0, size_in(m, p->of), 0);
    else for (int share = 0, each = p->of > 0 ? p->of : (batch + SHARES - 1) / SHARES; share * each < batch; share++)
      p->run(&m->memory, share * each, (share + 1) * each < batch ? (share + 1) * each : batch, share);
  }
  pack(m, scores, (char *)result, 1);
  return 0;
}
`;

export const engine = { types, functions } as const;
