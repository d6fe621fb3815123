// SPDX-License-Identifier: Apache-2.0
// The least that a container with these properties can cost: no configuration, no parsing, no state, no checks,
// only the system calls. Used by run.ts as the line below which no runtime can go.
//
//   floor run ROOTFS CGROUP FILTER COMMAND...   make the groups, clone, mount, pivot, filter, execute, wait, remove
//   floor join CGROUP COMMAND...                make the groups, join them, run COMMAND, remove them (for bubblewrap)
//   floor peak COMMAND...                       run COMMAND; KiB that its largest process had resident, into descriptor 3
//
// FILTER is a file of struct sock_filter, or "-". CGROUP is a relative path made in every v1 hierarchy.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  _exit(125);
}
#define MUST(x) ((x) < 0 ? die(#x) : (void)0)

static char hierarchies[32][256];
static int count;

static void find_hierarchies(void) {
  FILE *f = fopen("/proc/self/mountinfo", "re");
  if (!f) die("mountinfo");
  char line[4096];
  while (fgets(line, sizeof line, f)) {
    char point[256];
    if (sscanf(line, "%*d %*d %*s %*s %255s", point) == 1 && strstr(line, " - cgroup") && count < 32)
      strcpy(hierarchies[count++], point);
  }
  fclose(f);
}

static void write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
  close(fd);
}

static void copy_text(const char *from, const char *to) {
  char buf[256];
  int fd = open(from, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf - 1);
  if (n <= 0) die(from);
  close(fd);
  buf[n] = 0;
  write_text(to, buf);
}

static void make_groups(const char *cgroup) {
  char path[600], from[600];
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/%s", hierarchies[i], cgroup);
    MUST(mkdir(path, 0755));
    if (!strstr(hierarchies[i], "cpuset")) continue;
    for (int k = 0; k < 2; k++) {  // a v1 cpuset without cpus and mems takes no process
      const char *file = k ? "cpuset.mems" : "cpuset.cpus";
      snprintf(from, sizeof from, "%s/%s", hierarchies[i], file);
      snprintf(path, sizeof path, "%s/%s/%s", hierarchies[i], cgroup, file);
      copy_text(from, path);
    }
  }
}

static void join_groups(const char *cgroup, pid_t pid) {
  char path[600], text[32];
  snprintf(text, sizeof text, "%d", pid);
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/%s/cgroup.procs", hierarchies[i], cgroup);
    write_text(path, text);
  }
}

static void remove_groups(const char *cgroup) {
  char path[600];
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/%s", hierarchies[i], cgroup);
    for (int tries = 0; rmdir(path) < 0 && errno == EBUSY && tries < 1000; tries++) usleep(100);
  }
}

static void attach(const char *type, const char *options[][2], unsigned attributes, int root, const char *at) {
  int fs = fsopen(type, FSOPEN_CLOEXEC);
  MUST(fs);
  for (; options && (*options)[0]; options++)
    MUST(fsconfig(fs, (*options)[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, (*options)[0], (*options)[1], 0));
  MUST(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  int mount = fsmount(fs, FSMOUNT_CLOEXEC, attributes);
  MUST(mount);
  MUST(move_mount(mount, "", root, at, MOVE_MOUNT_F_EMPTY_PATH));
  close(fs);
  close(mount);
}

static void contain(int root, int go, int filter_size, struct sock_filter *filter, char **command) {
  const char *tmpfs[][2] = {{"mode", "755"}, {"size", "65536k"}, {NULL, NULL}};
  const char *pts[][2] = {{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {NULL, NULL}};
  MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  MUST(move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
  attach("proc", NULL, 0, root, "proc");
  attach("tmpfs", tmpfs, MOUNT_ATTR_NOSUID, root, "dev");
  static const struct { const char *name; unsigned minor; } nodes[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};
  char path[64];
  for (unsigned i = 0; i < 5; i++) {
    snprintf(path, sizeof path, "dev/%s", nodes[i].name);
    MUST(mknodat(root, path, S_IFCHR | 0666, makedev(1, nodes[i].minor)));
  }
  MUST(mknodat(root, "dev/tty", S_IFCHR | 0666, makedev(5, 0)));
  MUST(mkdirat(root, "dev/pts", 0755));
  MUST(mkdirat(root, "dev/shm", 0755));
  MUST(mkdirat(root, "dev/mqueue", 0755));
  attach("devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, root, "dev/pts");
  attach("tmpfs", tmpfs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, root, "dev/shm");
  attach("mqueue", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, root, "dev/mqueue");
  attach("sysfs", NULL, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, root, "sys");
  MUST(fchdir(root));
  MUST(syscall(SYS_pivot_root, ".", "."));
  MUST(umount2(".", MNT_DETACH));
  MUST(chdir("/"));
  char byte;
  if (read(go, &byte, 1) != 1) _exit(125);
  MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  if (filter_size) {
    struct sock_fprog program = {(unsigned short)filter_size, filter};
    MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
  }
  execve(command[0], command, environ);
  die(command[0]);
}

static int peak(char **argv) {
  const pid_t child = fork();
  if (child == 0) {
    execvp(argv[0], argv);
    die(argv[0]);
  }
  int status = 0;
  struct rusage usage;
  MUST(wait4(child, &status, 0, &usage));
  dprintf(3, "%ld", usage.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv) {
  if (argc >= 3 && !strcmp(argv[1], "peak")) return peak(argv + 2);
  find_hierarchies();
  if (argc >= 4 && !strcmp(argv[1], "join")) {
    make_groups(argv[2]);
    pid_t child = fork();
    if (child == 0) {
      join_groups(argv[2], getpid());
      execvp(argv[3], argv + 3);
      die(argv[3]);
    }
    int status = 0;
    waitpid(child, &status, 0);
    remove_groups(argv[2]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  if (argc < 6 || strcmp(argv[1], "run")) return 2;
  static struct sock_filter filter[4096];
  int filter_size = 0;
  if (strcmp(argv[4], "-")) {
    int fd = open(argv[4], O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, filter, sizeof filter);
    if (n <= 0) die(argv[4]);
    close(fd);
    filter_size = (int)(n / (ssize_t)sizeof filter[0]);
  }
  int root = open_tree(AT_FDCWD, argv[2], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  MUST(root);
  int go[2];
  MUST(pipe2(go, O_CLOEXEC));
  make_groups(argv[3]);
  struct clone_args args = {.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET, .exit_signal = SIGCHLD};
  long child = syscall(SYS_clone3, &args, sizeof args);
  MUST(child);
  if (child == 0) contain(root, go[0], filter_size, filter, argv + 5);
  join_groups(argv[3], (pid_t)child);
  if (write(go[1], "x", 1) != 1) die("go");
  int status = 0;
  waitpid((pid_t)child, &status, 0);
  remove_groups(argv[3]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
