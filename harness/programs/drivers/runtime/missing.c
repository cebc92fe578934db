// What wasi-libc leaves out and these programs ask for, with the answer "there is none".
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

FILE *tmpfile(void) { return NULL; }
int fchmod(int file, mode_t mode) { return 0; }
int chmod(const char *path, mode_t mode) { return 0; }
int fchown(int file, uid_t owner, gid_t group) { return 0; }
mode_t umask(mode_t mode) { return 0; }
