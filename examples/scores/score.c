// What a trained model recommends, from C. The trainer's folder and its checkpoint are all that it takes:
//
//   npx pcrec-compile hstu --out build/hstu && node build/hstu/trainer.js --epochs 5 --out runs/hstu
//   cc -O2 -march=native -std=gnu11 -ffp-contract=off -fwrapv -I build/hstu -o score examples/scores/score.c build/hstu/score.c -lm
//   ./score runs/hstu/best.safetensors 3 17 42
//
// Items are places in the checkpoint's list, its metadata "items". Prints the five best that are not among those given.
#include <stdio.h>
#include <stdlib.h>
#include "model.h"

int main(int count, char **given) {
  if (count < 3) {
    fprintf(stderr, "usage: %s CHECKPOINT ITEM...\n", given[0]);
    return 2;
  }
  struct model *model = model_open(given[1], 1);
  if (model == 0) {
    fprintf(stderr, "%s\n", model_error());
    return 1;
  }
  const int longest = model_length(), catalogue = model_items(model);
  // The newest that are read, oldest first.
  int *items = calloc(longest, sizeof *items), length = 0;
  for (int i = count - 2 > longest ? count - longest : 2; i < count; i++) {
    const int item = atoi(given[i]);
    if (item < 0 || item >= catalogue) {
      fprintf(stderr, "There is no item %d: there are %d.\n", item, catalogue);
      return 1;
    }
    items[length++] = item;
  }
  float *scores = malloc(catalogue * sizeof *scores);
  if (model_score(model, items, &length, scores) != 0) return 1;
  for (int i = 0; i < length; i++) scores[items[i]] = -__builtin_inff();
  for (int n = 0; n < 5; n++) {
    int best = 0;
    for (int i = 1; i < catalogue; i++) if (scores[i] > scores[best]) best = i;
    printf("%d %.9g\n", best, scores[best]);
    scores[best] = -__builtin_inff();
  }
  free(items);
  free(scores);
  model_close(model);
  return 0;
}
