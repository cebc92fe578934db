// A library over strings and lists: what is behind text.wit, as the Canonical ABI has it.
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define TEXT "lockstep:text/strings#"

static uint8_t heap[1 << 16] __attribute__((aligned(16)));
static size_t used;

static void *allocate(size_t align, size_t size) {
  used = (used + align - 1) & ~(align - 1);
  void *at = heap + used;
  used += size;
  if (used > sizeof heap) __builtin_trap();
  return at;
}

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t before, size_t align, size_t size) {
  uint8_t *to = allocate(align, size);
  const uint8_t *from = old;
  for (size_t i = 0; i < before && i < size; i++) to[i] = from[i];
  return to;
}

static void release(void) { used = 0; }

typedef struct { const uint8_t *bytes; size_t length; } string;
typedef struct { string word; uint32_t times; } counted;

static int compare(string a, string b) {
  for (size_t i = 0; i < a.length && i < b.length; i++)
    if (a.bytes[i] != b.bytes[i]) return a.bytes[i] < b.bytes[i] ? -1 : 1;
  return a.length < b.length ? -1 : a.length > b.length;
}

EXPORT(TEXT "reverse") string *reverse(const uint8_t *bytes, size_t length) {
  string *out = allocate(4, sizeof *out);
  uint8_t *to = allocate(1, length);
  // Characters stay whole: each is a byte that begins one and those behind it that go on.
  size_t end = length;
  for (size_t i = 0; i < length;) {
    size_t next = i + 1;
    while (next < length && (bytes[next] & 0xc0) == 0x80) next++;
    end -= next - i;
    for (size_t k = i; k < next; k++) to[end + k - i] = bytes[k];
    i = next;
  }
  *out = (string){to, length};
  return out;
}
EXPORT("cabi_post_" TEXT "reverse") void post_reverse(string *out) { (void)out; release(); }

typedef struct { counted *items; size_t length; } counted_list;

EXPORT(TEXT "words") counted_list *words(const uint8_t *bytes, size_t length, int order) {
  counted *items = allocate(4, (length / 2 + 1) * sizeof *items);
  size_t count = 0;
  for (size_t i = 0; i < length;) {
    while (i < length && bytes[i] == ' ') i++;
    size_t begin = i;
    while (i < length && bytes[i] != ' ') i++;
    if (begin == i) break;
    string word = {bytes + begin, i - begin};
    size_t k = 0;
    while (k < count && compare(items[k].word, word) != 0) k++;
    if (k == count) items[count++] = (counted){word, 0};
    items[k].times++;
  }
  for (size_t i = 1; i < count; i++)
    for (size_t k = i; k > 0; k--) {
      counted a = items[k - 1], b = items[k];
      int swap = order == 0 ? compare(a.word, b.word) > 0 : a.times < b.times;
      if (!swap) break;
      items[k - 1] = b;
      items[k] = a;
    }
  counted_list *out = allocate(4, sizeof *out);
  *out = (counted_list){items, count};
  return out;
}
EXPORT("cabi_post_" TEXT "words") void post_words(counted_list *out) { (void)out; release(); }

typedef struct { uint8_t is; uint32_t at; } found;

EXPORT(TEXT "find") found *find(const uint8_t *bytes, size_t length, const uint8_t *part, size_t parts) {
  found *out = allocate(4, sizeof *out);
  *out = (found){0, 0};
  for (size_t i = 0; i + parts <= length; i++)
    if (compare((string){bytes + i, parts}, (string){part, parts}) == 0) {
      *out = (found){1, (uint32_t)i};
      break;
    }
  release();
  return out;
}

typedef struct { uint8_t is; double value; } mean_of;

EXPORT(TEXT "mean") mean_of *mean(const double *numbers, size_t length) {
  double sum = 0;
  for (size_t i = 0; i < length; i++) sum += numbers[i];
  release();
  mean_of *out = allocate(8, sizeof *out);
  *out = (mean_of){length > 0, length > 0 ? sum / length : 0};
  release();
  return out;
}

typedef struct { uint8_t is; union { int32_t ok; string error; }; } divided;

EXPORT(TEXT "checked-div") divided *checked_div(int32_t a, int32_t b) {
  static const char zero[] = "division by zero", large[] = "too large";
  divided *out = allocate(4, sizeof *out);
  if (b == 0) {
    out->is = 1;
    out->error = (string){(const uint8_t *)zero, sizeof zero - 1};
  } else if (a == INT32_MIN && b == -1) {
    out->is = 1;
    out->error = (string){(const uint8_t *)large, sizeof large - 1};
  } else {
    out->is = 0;
    out->ok = a / b;
  }
  return out;
}
EXPORT("cabi_post_" TEXT "checked-div") void post_checked_div(divided *out) { (void)out; release(); }

EXPORT(TEXT "divide") int32_t divide(int32_t a, int32_t b) { return a / b; }
