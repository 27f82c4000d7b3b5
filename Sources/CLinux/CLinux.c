#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <malloc.h>
#include <net/if.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
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

int clinux_mtu(uint32_t address, uint32_t *netmask) {
    struct ifaddrs *all;
    int mtu = 0, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return 0;
    if (getifaddrs(&all) == 0) {
        for (struct ifaddrs *one = all; one && !mtu; one = one->ifa_next) {
            struct ifreq request = {0};
            if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET) continue;
            if (((struct sockaddr_in *)one->ifa_addr)->sin_addr.s_addr != address) continue;
            if (one->ifa_netmask) *netmask = ((struct sockaddr_in *)one->ifa_netmask)->sin_addr.s_addr;
            strncpy(request.ifr_name, one->ifa_name, IFNAMSIZ - 1);
            if (ioctl(fd, SIOCGIFMTU, &request) == 0) mtu = request.ifr_mtu;
        }
        freeifaddrs(all);
    }
    close(fd);
    return mtu;
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

// What an attribute holds, if it is of that type and long enough; NULL at the end.
static const unsigned char *attribute_of(const struct nlmsghdr *header, size_t body, int type, size_t least, size_t *length) {
    size_t at = NLMSG_LENGTH(body);
    const char *bytes = (const char *)header;
    while (at + sizeof(struct nlattr) <= header->nlmsg_len) {
        const struct nlattr *attribute = (const struct nlattr *)(bytes + at);
        if (attribute->nla_len < sizeof *attribute || at + attribute->nla_len > header->nlmsg_len) return NULL;
        if ((attribute->nla_type & NLA_TYPE_MASK) == type && attribute->nla_len >= sizeof *attribute + least) {
            *length = attribute->nla_len - sizeof *attribute;
            return (const unsigned char *)attribute + sizeof *attribute;
        }
        at += NLA_ALIGN(attribute->nla_len);
    }
    return NULL;
}

static uint32_t big_endian(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int netlink_watch(int protocol, const int *groups, int count) {
    int fd = clinux_netlink(protocol);
    for (int i = 0; fd >= 0 && i < count; i++) {
        if (clinux_netlink_join(fd, groups[i]) < 0) {
            int error = errno;
            close(fd);
            errno = error;
            return -1;
        }
    }
    return fd;
}

int clinux_nft_watch(void) {
    int group = NFNLGRP_NFTABLES, room = 1 << 20;
    int fd = netlink_watch(NETLINK_NETFILTER, &group, 1);
    // for a whole ruleset that is flushed at once; without the right to it the usual room must do
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    return fd;
}

int clinux_nft_watch_read(int fd, const char *table, struct clinux_nft_change *change) {
    _Alignas(struct nlmsghdr) char buffer[32768];
    ssize_t length = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (length < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    int left = (int)length;
    for (struct nlmsghdr *header = (struct nlmsghdr *)buffer; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
        size_t size = 0;
        if (header->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || header->nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg))) continue;
        if ((header->nlmsg_type & 0xff) == NFT_MSG_NEWGEN) {
            const unsigned char *value = attribute_of(header, sizeof(struct nfgenmsg), NFTA_GEN_ID, 4, &size);
            change->generation = value ? big_endian(value) : -1;
            value = attribute_of(header, sizeof(struct nfgenmsg), NFTA_GEN_PROC_PID, 4, &size);
            change->process = value ? big_endian(value) : 0;
            value = attribute_of(header, sizeof(struct nfgenmsg), NFTA_GEN_PROC_NAME, 1, &size);
            memset(change->name, 0, sizeof change->name);
            if (value) memcpy(change->name, value, size < sizeof change->name - 1 ? size : sizeof change->name - 1);
        } else if (((struct nfgenmsg *)NLMSG_DATA(header))->nfgen_family == NFPROTO_INET) {
            // every kind of message has the table's name as its first attribute (linux/netfilter/nf_tables.h)
            const unsigned char *value = attribute_of(header, sizeof(struct nfgenmsg), 1, 1, &size);
            if (value && strnlen((const char *)value, size) == strlen(table) && memcmp(value, table, strlen(table)) == 0) change->touches = 1;
        }
    }
    return 1;
}

int clinux_address_watch(void) {
    int groups[] = {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};
    return netlink_watch(NETLINK_ROUTE, groups, 2);
}

int clinux_address_watch_read(int fd, struct clinux_address_change *change) {
    _Alignas(struct nlmsghdr) char buffer[8192];
    ssize_t length = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (length < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    int left = (int)length, found = 2;
    for (struct nlmsghdr *header = (struct nlmsghdr *)buffer; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
        if (header->nlmsg_type != RTM_NEWADDR && header->nlmsg_type != RTM_DELADDR) continue;
        if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg))) continue;
        struct ifaddrmsg *said = NLMSG_DATA(header);
        if (said->ifa_scope >= RT_SCOPE_LINK) continue;
        found = 1;
        memset(change, 0, sizeof *change);
        change->added = header->nlmsg_type == RTM_NEWADDR;
        change->tentative = (said->ifa_flags & IFA_F_TENTATIVE) != 0;
        change->link = said->ifa_index;
        change->prefix = said->ifa_prefixlen;
        int rest = IFA_PAYLOAD(header);
        for (struct rtattr *value = IFA_RTA(said); RTA_OK(value, rest); value = RTA_NEXT(value, rest)) {
            if (value->rta_type != IFA_ADDRESS || RTA_PAYLOAD(value) > sizeof change->address) continue;
            memcpy(change->address, RTA_DATA(value), RTA_PAYLOAD(value));
        }
    }
    return found;
}

static int arm_clock_watch(int fd) {
    // as far away as the kernel takes it
    struct itimerspec never = {.it_value = {.tv_sec = (time_t)1 << 33}};
    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

int clinux_clock_watch(void) {
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd >= 0 && arm_clock_watch(fd) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int clinux_clock_watch_read(int fd) {
    uint64_t times;
    ssize_t got = read(fd, &times, sizeof times);
    if (got >= 0) return arm_clock_watch(fd) < 0 ? -1 : 0;
    if (errno == EAGAIN || errno == EINTR) return 0;
    if (errno != ECANCELED) return -1;
    return arm_clock_watch(fd) < 0 && errno != ECANCELED ? -1 : 1;
}

_Static_assert(CLINUX_IN_Q_OVERFLOW == IN_Q_OVERFLOW && CLINUX_IN_IGNORED == IN_IGNORED && CLINUX_IN_MOVE_SELF == IN_MOVE_SELF, "inotify");

int clinux_inotify_add(int fd, const char *path, int what) {
    uint32_t gone = IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    uint32_t names = IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE;
    uint32_t masks[] = {[CLINUX_FILES] = names | IN_CLOSE_WRITE, [CLINUX_ITSELF] = IN_ATTRIB | IN_DONT_FOLLOW, [CLINUX_NAMES] = names};
    return inotify_add_watch(fd, path, masks[what] | gone);
}

int clinux_inotify_remove(int fd, int watch) { return inotify_rm_watch(fd, watch); }

int clinux_inotify_read(int fd, struct clinux_file_event *events, int count) {
    _Alignas(struct inotify_event) char buffer[16 * (sizeof(struct inotify_event) + 256)];
    size_t room = sizeof(struct inotify_event) + 256;
    ssize_t length = read(fd, buffer, count < 16 ? room * (size_t)count : sizeof buffer);
    if (length < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    int found = 0;
    ssize_t at = 0;
    for (; at + (ssize_t)sizeof(struct inotify_event) <= length && found < count; found++) {
        struct inotify_event *event = (struct inotify_event *)(buffer + at);
        events[found].watch = event->wd;
        events[found].mask = event->mask;
        memset(events[found].name, 0, sizeof events[found].name);
        if (event->len > 0) strncpy(events[found].name, event->name, sizeof events[found].name - 1);
        at += (ssize_t)(sizeof(struct inotify_event) + event->len);
    }
    if (found > 0 && at < length) events[found - 1].mask |= IN_Q_OVERFLOW;
    return found;
}
