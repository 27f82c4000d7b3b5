#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

_Static_assert(CLINUX_EPOLLIN == EPOLLIN && CLINUX_EPOLLPRI == EPOLLPRI && CLINUX_EPOLLOUT == EPOLLOUT, "epoll");
_Static_assert(CLINUX_IP_MTU_DISCOVER == IP_MTU_DISCOVER && CLINUX_PMTUDISC_DO == IP_PMTUDISC_DO && CLINUX_IP_MTU == IP_MTU, "ip");
_Static_assert(CLINUX_IPV6_MTU_DISCOVER == IPV6_MTU_DISCOVER && CLINUX_IPV6_MTU == IPV6_MTU, "ipv6");

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int epoll_change(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(epoll, operation, fd, &event);
}
int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t data) { return epoll_change(epoll, EPOLL_CTL_ADD, fd, events, data); }
int clinux_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data) { return epoll_change(epoll, EPOLL_CTL_MOD, fd, events, data); }
int clinux_epoll_remove(int epoll, int fd) { return epoll_change(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

int clinux_epoll_wait(int epoll, struct clinux_event *events, int count, int milliseconds) {
    struct epoll_event raw[64];
    int found = epoll_wait(epoll, raw, count < 64 ? count : 64, milliseconds);
    for (int i = 0; i < found; i++) {
        events[i].events = raw[i].events;
        events[i].data = raw[i].data.u64;
    }
    return found;
}

int clinux_pipe(int fds[2]) { return pipe2(fds, O_CLOEXEC); }
int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
int clinux_boottime_timerfd(void) { return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK); }

int clinux_timerfd_set(int fd, int64_t nanoseconds) {
    struct itimerspec at = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void signal_set(sigset_t *set, const int *signals, int count) {
    sigemptyset(set);
    for (int i = 0; i < count; i++) sigaddset(set, signals[i]);
}

int clinux_signalfd(const int *signals, int count) {
    sigset_t set;
    signal_set(&set, signals, count);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_signalfd_read(int fd) {
    struct signalfd_siginfo info;
    ssize_t got = read(fd, &info, sizeof info);
    if (got == (ssize_t)sizeof info) return (int)info.ssi_signo;
    return got < 0 && errno != EAGAIN && errno != EINTR ? -1 : 0;
}

int clinux_inotify(void) { return inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }
int clinux_memfd(const char *name) { return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); }

int clinux_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int clinux_open(const char *path, int flags, mode_t mode) { return open(path, flags | O_CLOEXEC, mode); }
int clinux_openat(int directory, const char *path, int flags, mode_t mode) { return openat(directory, path, flags | O_CLOEXEC, mode); }

const char *clinux_next_name(DIR *directory) {
    struct dirent *entry;
    do entry = readdir(directory);
    while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry ? entry->d_name : NULL;
}

int clinux_block_signals(const int *signals, int count) {
    sigset_t set;
    signal_set(&set, signals, count);
    return pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void clinux_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

void clinux_trim_heap(void) { malloc_trim(0); }

int clinux_spawn(pid_t *pid, const char *path, char *const *argv, char *const *envp, const char *directory, int in, int out, int err) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, in, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, out, 1);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, err, 2);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (!error && directory) error = posix_spawn_file_actions_addchdir_np(&actions, directory);
    if (!error) error = posix_spawn(pid, path, &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int clinux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_pidfd_reap(int pidfd, struct clinux_exit *end) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0) return -1;
    if (info.si_pid == 0) return 0;
    end->signaled = info.si_code != CLD_EXITED;
    end->value = info.si_status;
    return 1;
}

int clinux_kill_group(pid_t group, int signal) { return kill(-group, signal); }

socklen_t clinux_unix_address(struct sockaddr_storage *storage, const char *path) {
    struct sockaddr_un *address = (struct sockaddr_un *)storage;
    size_t length = strlen(path);
    memset(storage, 0, sizeof *storage);
    address->sun_family = AF_UNIX;
    if (length == 0 || length >= sizeof address->sun_path) return 0;
    memcpy(address->sun_path, path, length);
    if (path[0] == '@') {
        address->sun_path[0] = 0;
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

int clinux_socket(int domain, int type, int protocol) { return socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol); }

ssize_t clinux_send_path(int fd, const void *bytes, size_t count, const char *path) {
    struct sockaddr_storage address;
    socklen_t length = clinux_unix_address(&address, path);
    if (length == 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return sendto(fd, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&address, length);
}

ssize_t clinux_send_descriptor(int fd, int descriptor, const char *path) {
    struct sockaddr_storage address;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_name = &address, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    message.msg_namelen = clinux_unix_address(&address, path);
    if (message.msg_namelen == 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memset(&control, 0, sizeof control);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

int clinux_netlink(int protocol) {
    int fd = clinux_socket(AF_NETLINK, SOCK_RAW, protocol);
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int clinux_netlink_join(int fd, int group) { return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group); }

static int64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
int64_t clinux_boottime(void) { return nanoseconds(CLOCK_BOOTTIME); }
int64_t clinux_walltime(void) { return nanoseconds(CLOCK_REALTIME); }

int clinux_random(void *bytes, size_t count) {
    char *at = bytes;
    while (count > 0) {
        ssize_t got = getrandom(at, count, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        at += got;
        count -= (size_t)got;
    }
    return 0;
}

pid_t clinux_gettid(void) { return gettid(); }

// The hook that the Swift runtime offers to those who bring an executor of their own (swift/Runtime/Concurrency.h).
typedef __attribute__((swiftcall)) void (*enqueue_global)(void *job);
extern __attribute__((swiftcall)) void (*swift_task_enqueueGlobal_hook)(void *job, enqueue_global original);

static void (*global_job_handler)(void *job);

static __attribute__((swiftcall)) void forward_global_job(void *job, enqueue_global original) {
    (void)original;
    global_job_handler(job);
}

void clinux_take_global_jobs(void (*handler)(void *job)) {
    global_job_handler = handler;
    swift_task_enqueueGlobal_hook = forward_global_job;
}

static int64_t nft_generation_of(int fd) {
    struct {
        struct nlmsghdr header;
        struct nfgenmsg body;
    } request = {
        .header = {.nlmsg_len = sizeof request, .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, .nlmsg_flags = NLM_F_REQUEST},
        .body = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0},
    };
    struct timeval limit = {.tv_sec = 1};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == -1 || send(fd, &request, sizeof request, 0) == -1) return -1;
    _Alignas(struct nlmsghdr) char answer[1024];
    ssize_t length = recv(fd, answer, sizeof answer, 0);
    if (length == -1) return -1;
    struct nlmsghdr *header = (struct nlmsghdr *)answer;
    if (length < (ssize_t)sizeof *header || header->nlmsg_len > (size_t)length) return errno = EBADMSG, -1;
    if (header->nlmsg_type == NLMSG_ERROR) {
        struct nlmsgerr *error = NLMSG_DATA(header);
        return errno = header->nlmsg_len >= NLMSG_LENGTH(sizeof *error) && error->error ? -error->error : EBADMSG, -1;
    }
    size_t at = NLMSG_LENGTH(sizeof(struct nfgenmsg));
    while (at + sizeof(struct nlattr) <= header->nlmsg_len) {
        struct nlattr *attribute = (struct nlattr *)(answer + at);
        if (attribute->nla_len < sizeof *attribute || at + attribute->nla_len > header->nlmsg_len) break;
        if ((attribute->nla_type & NLA_TYPE_MASK) == NFTA_GEN_ID && attribute->nla_len >= sizeof *attribute + 4) {
            unsigned char *bytes = (unsigned char *)attribute + sizeof *attribute;
            return (int64_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
        }
        at += NLA_ALIGN(attribute->nla_len);
    }
    return errno = EBADMSG, -1;
}

int64_t clinux_nft_generation(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (fd == -1) return -1;
    int64_t generation = nft_generation_of(fd);
    int error = errno;
    close(fd);
    errno = error;
    return generation;
}
