/*
 * A disk that refuses, for LD_PRELOAD. Calls that concern files below FAULT_FOLDER are counted, and from the FAULT_AT-th
 * of the kind FAULT_CALL on, one fails (FAULT_MODE=once), all fail (forever), or one is done in part and the next one
 * fails (short). FAULT_AT=0 only counts. Each failure is written to descriptor 2.
 *
 *   FAULT_CALL   write | sync | rename | open | read | unlink: those of Node's names for files; any: all but read
 *   FAULT_ERRNO  the number of the error
 *   FAULT_COUNTS a file that gets the number of calls of each kind when the process ends by itself
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum call { WRITE, SYNC, RENAME, OPEN, READ, UNLINK, CALLS };
static const char *const names[CALLS] = {"write", "sync", "rename", "open", "read", "unlink"};
enum verdict { PASS, FAIL, SHORT };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder, *call_name, *mode;
static long at, counts[CALLS], matched, failures;
static int error_number, after_short;

__attribute__((constructor)) static void begin(void) {
  folder = getenv("FAULT_FOLDER");
  call_name = getenv("FAULT_CALL");
  mode = getenv("FAULT_MODE");
  at = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 0;
  error_number = getenv("FAULT_ERRNO") ? atoi(getenv("FAULT_ERRNO")) : EIO;
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("FAULT_COUNTS");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  for (int i = 0; i < CALLS; i++) fprintf(file, "%s %ld\n", names[i], counts[i]);
  fclose(file);
}

static int concerns_path(const char *path) {
  return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int concerns(int fd) {
  char link[64], path[4096];
  if (!folder || fd < 3) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return concerns_path(path);
}

static enum verdict judge(enum call call) {
  pthread_mutex_lock(&lock);
  counts[call]++;
  enum verdict verdict = PASS;
  int is_any = call_name && strcmp(call_name, "any") == 0 && call != READ;
  if (at > 0 && call_name && (is_any || strcmp(call_name, names[call]) == 0)) {
    matched++;
    int is_short = mode && strcmp(mode, "short") == 0;
    if (mode && strcmp(mode, "forever") == 0) verdict = matched >= at ? FAIL : PASS;
    else if (after_short) verdict = FAIL, after_short = 0;
    else if (matched == at) {
      verdict = is_short && call == WRITE ? SHORT : FAIL;
      after_short = verdict == SHORT;
    }
  }
  if (verdict != PASS && failures++ < 3)
    dprintf(2, "{\"fault\":\"%s\",\"at\":%ld,\"short\":%d}\n", names[call], matched, verdict == SHORT);
  pthread_mutex_unlock(&lock);
  return verdict;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FAILED (errno = error_number, -1)

#define WRITER(name, params, fd, length, args, short_args)                     \
  ssize_t name params {                                                        \
    REAL(name);                                                                \
    switch (concerns(fd) ? judge(WRITE) : PASS) {                              \
      case FAIL: return FAILED;                                                \
      case SHORT: if ((length) > 1) return real short_args; /* fall through */ \
      default: return real args;                                               \
    }                                                                          \
  }

WRITER(write, (int fd, const void *b, size_t n), fd, n, (fd, b, n), (fd, b, n / 2))
WRITER(pwrite, (int fd, const void *b, size_t n, off_t o), fd, n, (fd, b, n, o), (fd, b, n / 2, o))
WRITER(pwrite64, (int fd, const void *b, size_t n, off64_t o), fd, n, (fd, b, n, o), (fd, b, n / 2, o))
WRITER(writev, (int fd, const struct iovec *v, int n), fd, n, (fd, v, n), (fd, v, 1))
WRITER(pwritev, (int fd, const struct iovec *v, int n, off_t o), fd, n, (fd, v, n, o), (fd, v, 1, o))
WRITER(pwritev64, (int fd, const struct iovec *v, int n, off64_t o), fd, n, (fd, v, n, o), (fd, v, 1, o))

#define CALLER(type, name, params, does_concern, call, args)                   \
  type name params {                                                           \
    REAL(name);                                                                \
    return (does_concern) && judge(call) != PASS ? FAILED : real args;         \
  }

CALLER(ssize_t, read, (int fd, void *b, size_t n), concerns(fd), READ, (fd, b, n))
CALLER(ssize_t, pread, (int fd, void *b, size_t n, off_t o), concerns(fd), READ, (fd, b, n, o))
CALLER(ssize_t, pread64, (int fd, void *b, size_t n, off64_t o), concerns(fd), READ, (fd, b, n, o))
CALLER(int, fsync, (int fd), concerns(fd), SYNC, (fd))
CALLER(int, fdatasync, (int fd), concerns(fd), SYNC, (fd))
CALLER(int, rename, (const char *a, const char *b), concerns_path(a), RENAME, (a, b))
CALLER(int, unlink, (const char *a), concerns_path(a), UNLINK, (a))

#define OPENER(name)                                                           \
  int name(const char *path, int flags, ...) {                                 \
    REAL(name);                                                                \
    va_list list;                                                              \
    va_start(list, flags);                                                     \
    mode_t file_mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0; \
    va_end(list);                                                              \
    if (concerns_path(path) && judge(OPEN) != PASS) return FAILED;             \
    return real(path, flags, file_mode);                                       \
  }

OPENER(open)
OPENER(open64)
