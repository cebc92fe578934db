// duktape SCRIPT ARGUMENT...: runs JavaScript; `print` writes a line, `read` gives standard input.
#include "duktape.h"
#include <stdio.h>

static duk_ret_t print(duk_context *ctx) {
  duk_push_string(ctx, " ");
  duk_insert(ctx, 0);
  duk_join(ctx, duk_get_top(ctx) - 1);
  puts(duk_to_string(ctx, -1));
  return 0;
}

static char *slurp(FILE *file, size_t *size) {
  static char text[16384];
  *size = fread(text, 1, sizeof text, file);
  return text;
}

static duk_ret_t read(duk_context *ctx) {
  size_t size;
  char *text = slurp(stdin, &size);
  duk_push_lstring(ctx, text, size);
  return 1;
}

int main(int argc, char **argv) {
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (!file) {
    fputs("duktape: no script\n", stderr);
    return 2;
  }
  duk_context *ctx = duk_create_heap_default();
  duk_push_c_function(ctx, print, DUK_VARARGS);
  duk_put_global_string(ctx, "print");
  duk_push_c_function(ctx, read, 0);
  duk_put_global_string(ctx, "read");
  duk_idx_t list = duk_push_array(ctx);
  for (int i = 2; i < argc; i++) {
    duk_push_string(ctx, argv[i]);
    duk_put_prop_index(ctx, list, i - 2);
  }
  duk_put_global_string(ctx, "args");
  size_t size;
  char *text = slurp(file, &size);
  int code = duk_peval_lstring(ctx, text, size) ? 1 : 0;
  if (code)
    fprintf(stderr, "duktape: %s\n", duk_safe_to_string(ctx, -1));
  duk_destroy_heap(ctx);
  return code;
}
