/**
 * What makes a library of a model's kernels that Node loads: the few functions of Node-API that this takes are declared here, since
 * they are promised to stay as they are (nodejs.org/api/n-api.html) and no header of Node need be installed. Compiled together with
 * the emitted `model.c`.
 */
export const addon = String.raw`// Between Node and the kernels. Compiled with the emitted text, once for each processor.
// First: what these define, a name of the model could be.
#include MODEL
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef struct napi_ref__ *napi_ref;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
typedef void (*napi_finalize)(napi_env, void *data, void *hint);
extern int napi_create_function(napi_env, const char *name, size_t length, napi_callback, void *data, napi_value *result);
extern int napi_set_named_property(napi_env, napi_value object, const char *name, napi_value value);
extern int napi_get_cb_info(napi_env, napi_callback_info, size_t *count, napi_value *given, napi_value *self, void **data);
extern int napi_get_typedarray_info(napi_env, napi_value, int *type, size_t *length, void **data, napi_value *buffer, size_t *offset);
extern int napi_get_value_int32(napi_env, napi_value, int32_t *result);
extern int napi_add_finalizer(napi_env, napi_value, void *data, napi_finalize, void *hint, napi_ref *result);
extern int napi_throw_error(napi_env, const char *code, const char *message);
#define EXPORT __attribute__((visibility("default")))

static void *array(napi_env env, napi_value of) {
  void *data = 0;
  size_t length, offset;
  napi_value buffer;
  int type;
  return napi_get_typedarray_info(env, of, &type, &length, &data, &buffer, &offset) == 0 ? data : 0;
}

// (kernel, from, to, chunk)
static napi_value call(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value given[4];
  void *memory;
  int32_t k = 0, from = 0, to = 0, chunk = 0;
  napi_get_cb_info(env, info, &count, given, 0, &memory);
  napi_get_value_int32(env, given[0], &k);
  napi_get_value_int32(env, given[1], &from);
  napi_get_value_int32(env, given[2], &to);
  napi_get_value_int32(env, given[3], &chunk);
  kernels[k](memory, from, to, chunk);
  return 0;
}

static void forget(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free(data);
}

// Lines that a kernel reads one after the other often lie on a page each. Where a system has large pages for those who ask, all of them are on few.
static void ask_for_large_pages(char *base, size_t bytes) {
#ifdef MADV_HUGEPAGE
  const size_t large = 2 << 20, before = (size_t)base % large, first = before == 0 ? 0 : large - before;
  if (first + large <= bytes) madvise(base + first, (bytes - first) / large * large, MADV_HUGEPAGE);
#else
  (void)base;
  (void)bytes;
#endif
}

// (memory, addresses of its end and of each buffer, sizes): the function that calls kernels on them.
static napi_value bind(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value given[3], result = 0;
  napi_get_cb_info(env, info, &count, given, 0, 0);
  char *base = array(env, given[0]);
  const double *at = array(env, given[1]);
  const int32_t *size = array(env, given[2]);
  struct memory *m = calloc(1, sizeof *m);
  if (base == 0 || at == 0 || (sizes > 0 && size == 0) || m == 0) {
    free(m);
    napi_throw_error(env, 0, "The kernels cannot reach this engine's memory.");
    return 0;
  }
  m->base = base;
  m->end = base + (size_t)at[0];
  ask_for_large_pages(base, (size_t)at[0]);
  for (int i = 0; i < buffers; i++) ((char **)&m->at)[i] = base + (size_t)at[i + 1];
  for (int i = 0; i < sizes; i++) ((int *)&m->size)[i] = size[i];
  napi_create_function(env, "call", 4, call, m, &result);
  napi_add_finalizer(env, result, m, forget, 0, 0);
  return result;
}

// What this processor can do at most: a tile of six rows by two registers, whose operands the nearest cache holds.
enum { depth = 256, rows = 6, columns = 2 };
static float left[rows * depth], right[columns * LANES * depth], tiled[rows * columns * LANES];
// (times): operations done.
static napi_value tile(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value given[1];
  int32_t times = 0;
  napi_get_cb_info(env, info, &count, given, 0, 0);
  napi_get_value_int32(env, given[0], &times);
  for (int t = 0; t < times; t++) {
    f32s sum[rows][columns] = { 0 };
    for (int k = 0; k < depth; k++) {
      f32s a = F32S(right + 2 * LANES * k), b = F32S(right + 2 * LANES * k + LANES);
#pragma GCC unroll 6
      for (int r = 0; r < rows; r++) {
        f32s x = splat_f32s(left[rows * k + r]);
        sum[r][0] = fma_f32s(sum[r][0], x, a);
        sum[r][1] = fma_f32s(sum[r][1], x, b);
      }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
      F32S(tiled + 2 * LANES * r) = sum[r][0];
      F32S(tiled + 2 * LANES * r + LANES) = sum[r][1];
    }
    // The next turn is not the same to the compiler.
    __asm__ volatile("" : : "r"(left), "r"(right), "r"(tiled) : "memory");
  }
  return 0;
}

// (from, to): copies the one array to the other.
static napi_value copy(napi_env env, napi_callback_info info) {
  size_t count = 2, length, offset;
  napi_value given[2], buffer;
  int type;
  void *from = 0;
  napi_get_cb_info(env, info, &count, given, 0, 0);
  napi_get_typedarray_info(env, given[0], &type, &length, &from, &buffer, &offset);
  char *to = array(env, given[1]);
  if (from != 0 && to != 0) for (size_t i = 0; i + 4 * LANES <= length; i += 4 * LANES) F32S(to + i) = F32S((char *)from + i);
  return 0;
}

static void name(napi_env env, napi_value exports, const char *called, napi_callback function) {
  napi_value made;
  napi_create_function(env, called, (size_t)-1, function, 0, &made);
  napi_set_named_property(env, exports, called, made);
}

EXPORT int32_t node_api_module_get_api_version_v1(void) { return 8; }

EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value lanes;
  extern int napi_create_int32(napi_env, int32_t, napi_value *);
  name(env, exports, "bind", bind);
  name(env, exports, "tile", tile);
  name(env, exports, "copy", copy);
  napi_create_int32(env, LANES, &lanes);
  napi_set_named_property(env, exports, "lanes", lanes);
  return exports;
}
`;
