// sqlite FILE.sql: runs statements on a database in memory and prints rows; a line of standard input is a
// value of the table `input`.
#include "sqlite3.h"
#include <stdio.h>
#include <string.h>

// A system with no files, no chance and no time: the database never leaves memory.
static int no_file(sqlite3_vfs *system, const char *name, sqlite3_file *file, int flags, int *out) {
  return SQLITE_CANTOPEN;
}

static int full_path(sqlite3_vfs *system, const char *name, int size, char *out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

static int no_chance(sqlite3_vfs *system, int size, char *out) {
  memset(out, 0, size);
  return size;
}

static int no_time(sqlite3_vfs *system, double *day) {
  *day = 2461373.5;
  return SQLITE_OK;
}

int sqlite3_os_init(void) {
  static sqlite3_vfs none = {.iVersion = 1, .szOsFile = sizeof(sqlite3_file), .mxPathname = 64, .zName = "none",
                             .xOpen = no_file, .xFullPathname = full_path, .xRandomness = no_chance,
                             .xCurrentTime = no_time};
  return sqlite3_vfs_register(&none, 1);
}

int sqlite3_os_end(void) { return SQLITE_OK; }

static int row(void *unused, int count, char **values, char **names) {
  for (int i = 0; i < count; i++)
    printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
  putchar('\n');
  return 0;
}

static int run(sqlite3 *db, const char *sql) {
  char *error = NULL;
  int code = sqlite3_exec(db, sql, row, NULL, &error);
  if (code)
    printf("error %d: %s\n", code, error);
  sqlite3_free(error);
  return code;
}

int main(int argc, char **argv) {
  static char sql[8192], line[256];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (!file)
    return 2;
  fread(sql, 1, sizeof sql - 1, file);
  sqlite3 *db;
  if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY, "none"))
    return 3;
  run(db, "CREATE TABLE input(line TEXT)");
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *insert = sqlite3_mprintf("INSERT INTO input VALUES(%Q)", line);
    run(db, insert);
    sqlite3_free(insert);
  }
  int code = run(db, sql);
  sqlite3_close(db);
  return code;
}
