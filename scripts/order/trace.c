// SPDX-License-Identifier: Apache-2.0
// `trace FILE ENTRIES OUT PROGRAM [ARGUMENT...]`: runs PROGRAM and every process that comes of it, until the last has ended. ENTRIES has
// an address of the executable FILE on each line, of a function; OUT gets those that were called, in the order of their first calls.
// Each is a breakpoint, until a process that executes FILE has met it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE (16u << 20)
#define PROCESSES 1024

static unsigned entries[SIZE / 16];
static unsigned entry_count;
static unsigned char original[SIZE];  // the byte below each breakpoint
static unsigned char is_entry[SIZE], met[SIZE];
static FILE *out;
static struct stat program;
static struct {
  pid_t pid;
  unsigned long base;  // 0: it executes another file
} traced[PROCESSES];
static int used;

static _Noreturn void give_up(const char *what) {
  perror(what);
  exit(2);
}

// Where the file is in that process.
static unsigned long base_of(pid_t pid) {
  char path[64], line[4096];
  struct stat now;
  snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
  if (stat(path, &now) < 0 || now.st_dev != program.st_dev || now.st_ino != program.st_ino) return 0;
  snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
  FILE *maps = fopen(path, "r");
  unsigned long base = 0;
  while (maps && base == 0 && fgets(line, sizeof line, maps)) {
    unsigned long start, inode;
    if (sscanf(line, "%lx-%*x %*s %*x %*s %lu", &start, &inode) == 2 && inode == program.st_ino) base = start;
  }
  if (maps) fclose(maps);
  return base;
}

static void put(pid_t pid, unsigned long address, unsigned char byte) {
  long word = ptrace(PTRACE_PEEKTEXT, pid, address, 0);
  word = (word & ~0xffL) | byte;
  if (ptrace(PTRACE_POKETEXT, pid, address, word) < 0) give_up("write a breakpoint");
}

static int find(pid_t pid) {
  for (int i = 0; i < used; i++)
    if (traced[i].pid == pid) return i;
  if (used == PROCESSES) exit(3);
  traced[used].pid = pid;
  // A copy of its parent, breakpoints included.
  traced[used].base = base_of(pid);
  return used++;
}

static void on_exec(int i) {
  traced[i].base = base_of(traced[i].pid);
  if (traced[i].base == 0) return;
  for (unsigned k = 0; k < entry_count; k++) put(traced[i].pid, traced[i].base + entries[k], 0xcc);
}

// Whether it was one of ours.
static int on_breakpoint(int i) {
  struct user_regs_struct registers;
  if (traced[i].base == 0 || ptrace(PTRACE_GETREGS, traced[i].pid, 0, &registers) < 0) return 0;
  const unsigned long at = registers.rip - 1 - traced[i].base;
  if (at >= SIZE || !is_entry[at]) return 0;
  put(traced[i].pid, traced[i].base + at, original[at]);
  registers.rip--;
  if (ptrace(PTRACE_SETREGS, traced[i].pid, 0, &registers) < 0) give_up("go back to the breakpoint");
  if (!met[at]) fprintf(out, "%lx\n", at);
  met[at] = 1;
  return 1;
}

static void read_entries(const char *list, const char *path) {
  FILE *file = fopen(list, "r");
  const int binary = open(path, O_RDONLY | O_CLOEXEC);
  if (!file || binary < 0) give_up(list);
  // Address and place in the file are the same as far as the end of the code: no segment before has a part that is not in the file.
  if (read(binary, original, SIZE) <= 0) give_up(path);
  for (unsigned at; entry_count < SIZE / 16 && fscanf(file, "%x", &at) == 1;)
    if (at < SIZE && !is_entry[at]) is_entry[at] = 1, entries[entry_count++] = at;
  fclose(file);
  close(binary);
}

int main(int argc, char **argv) {
  if (argc < 5 || stat(argv[1], &program) < 0) return 2;
  read_entries(argv[2], argv[1]);
  out = fopen(argv[3], "w");
  if (!out) give_up(argv[3]);
  const pid_t first = fork();
  if (first == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    execvp(argv[4], argv + 4);
    _exit(127);
  }
  int status, code = 1;
  waitpid(first, &status, 0);
  const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  ptrace(PTRACE_SETOPTIONS, first, 0, options);
  find(first);
  ptrace(PTRACE_CONT, first, 0, 0);
  for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
    const int i = find(pid);
    if (!WIFSTOPPED(status)) {
      if (pid == first) code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
      traced[i].pid = -1;
      continue;
    }
    const int signal = WSTOPSIG(status), event = status >> 16;
    if (event == PTRACE_EVENT_EXEC) on_exec(i);
    // The first stop of a new process is a SIGSTOP of the tracing.
    const int ours = event != 0 || signal == SIGSTOP || (signal == SIGTRAP && on_breakpoint(i));
    ptrace(PTRACE_CONT, pid, 0, ours ? 0 : signal);
  }
  return fclose(out) == 0 ? code : 1;
}
