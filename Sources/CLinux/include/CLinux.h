// What Swift's Glibc module lacks: GNU functions, kernel structures, macros that are not plain numbers.
#ifndef SKEP_CLINUX_H
#define SKEP_CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nf_tables.h>

#pragma clang assume_nonnull begin

// epoll, with a plain structure: the kernel's is packed on some machines and not on others
struct clinux_event {
    uint32_t events;
    uint64_t data;
};
enum {
    CLINUX_EPOLLIN = 0x001,
    CLINUX_EPOLLPRI = 0x002,
    CLINUX_EPOLLOUT = 0x004,
    CLINUX_EPOLLERR = 0x008,
    CLINUX_EPOLLHUP = 0x010,
};
int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t data);
int clinux_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data);
int clinux_epoll_remove(int epoll, int fd);
int clinux_epoll_wait(int epoll, struct clinux_event *_Nullable events, int count, int milliseconds);

// descriptors, all close-on-exec; non-blocking where `nonblocking` is not 0
int clinux_pipe(int fds[_Nonnull 2]);
int clinux_eventfd(void);
int clinux_boottime_timerfd(void);
/// Arms an absolute time of CLOCK_BOOTTIME; 0 disarms.
int clinux_timerfd_set(int fd, int64_t nanoseconds);
int clinux_signalfd(const int *signals, int count);
/// The number of a signal that is pending, 0 when there is none, -1 with errno.
int clinux_signalfd_read(int fd);
int clinux_inotify(void);
int clinux_memfd(const char *name);
int clinux_set_nonblocking(int fd);
int clinux_open(const char *path, int flags, mode_t mode);
int clinux_openat(int directory, const char *path, int flags, mode_t mode);

/// The next name in a folder, `.` and `..` left out; NULL at its end.
const char *_Nullable clinux_next_name(DIR *directory);

// signals of the calling thread
int clinux_block_signals(const int *signals, int count);
void clinux_ignore_sigpipe(void);

/// Gives the kernel back what the heap holds and nothing uses.
void clinux_trim_heap(void);

// child processes
struct clinux_exit {
    int signaled;
    int value;
};
/// Starts a program in a session of its own with default signals and no descriptor but 0, 1 and 2; answers 0 or an errno.
int clinux_spawn(pid_t *pid, const char *path, char *_Nullable const *_Nonnull argv, char *_Nullable const *_Nonnull envp,
                 const char *_Nullable directory, int in, int out, int err);
int clinux_pidfd_open(pid_t pid);
/// 1 when the child has ended and `end` says how, 0 while it runs, -1 with errno.
int clinux_pidfd_reap(int pidfd, struct clinux_exit *end);
int clinux_kill_group(pid_t group, int signal);

// sockets
/// A datagram or stream unix socket's address; a leading '@' means the abstract namespace. Answers its length, or 0 when the path is too long.
socklen_t clinux_unix_address(struct sockaddr_storage *address, const char *path);
int clinux_socket(int domain, int type, int protocol);
ssize_t clinux_send_path(int fd, const void *bytes, size_t count, const char *path);
/// Sends one descriptor as SCM_RIGHTS to a unix datagram address.
ssize_t clinux_send_descriptor(int fd, int descriptor, const char *path);
enum {
    CLINUX_IP_MTU_DISCOVER = 10,
    CLINUX_IP_MTU = 14,
    CLINUX_IPV6_MTU_DISCOVER = 23,
    CLINUX_IPV6_MTU = 24,
    CLINUX_PMTUDISC_DO = 2,
    CLINUX_PMTUDISC_PROBE = 3,
};

/// MTU of the interface that has this IPv4 address, bytes, and the address's netmask; 0 when none has it. Both in network byte order.
int clinux_mtu(uint32_t address, uint32_t *netmask);

// netlink
int clinux_netlink(int protocol);
int clinux_netlink_join(int fd, int group);
/// Which generation of its nftables ruleset this network namespace has (nfnetlink, NFT_MSG_GETGEN): every change makes a new one. -1 with errno.
int64_t clinux_nft_generation(void);

/// What was heard of changes to nftables since the last `NFT_MSG_NEWGEN`, and that message itself.
struct clinux_nft_change {
    /// 1 when the table was named in it.
    int touches;
    /// The generation that the change made, who made it by the kernel's word, and that process's name; -1 as long as there was none.
    int64_t generation;
    uint32_t process;
    char name[16];
};
/// A socket that hears of every change to the nftables of this network namespace (NFNLGRP_NFTABLES); -1 with errno.
int clinux_nft_watch(void);
/// Reads one message: 1 when there was one, 0 when there is none left, -1 with errno (ENOBUFS: some were lost). `table` is of the family inet.
int clinux_nft_watch_read(int fd, const char *table, struct clinux_nft_change *change);
/// A socket that hears of addresses that come and go (RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR); -1 with errno.
int clinux_address_watch(void);
/// An address that others can reach came, went, or was told of again, as a renewed lease does.
struct clinux_address_change {
    int added;
    /// IPv6: not usable yet, until nobody was found to have it.
    int tentative;
    unsigned link;
    unsigned prefix;
    /// The first 4 bytes of IPv4's.
    unsigned char address[16];
};
/// Reads one message, which speaks of one address: 1 when of one that others can reach, 2 when of others only, 0 when there is none left, -1 with errno.
int clinux_address_watch_read(int fd, struct clinux_address_change *change);
/// A descriptor that can be read when somebody sets the clock (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET); -1 with errno.
int clinux_clock_watch(void);
/// Arms it again: 1 when the clock was set since, 0 when not, -1 with errno.
int clinux_clock_watch_read(int fd);

// inotify
struct clinux_file_event {
    int watch;
    uint32_t mask;
    char name[256];
};
enum {
    CLINUX_IN_MOVE_SELF = 0x0800,
    CLINUX_IN_Q_OVERFLOW = 0x4000,
    CLINUX_IN_IGNORED = 0x8000,
};
/// What of a folder is watched: entries that are made, written, moved or removed; the folder itself, given to somebody else, moved or removed; entries that
/// come and go, whatever is written into them.
enum { CLINUX_FILES = 0, CLINUX_ITSELF = 1, CLINUX_NAMES = 2 };
/// Watches a folder, or changes what of it is watched: the kernel's number, -1 with errno.
int clinux_inotify_add(int fd, const char *path, int what);
int clinux_inotify_remove(int fd, int watch);
/// Reads events, at most `count`: their number, 0 when there is none, -1 with errno.
int clinux_inotify_read(int fd, struct clinux_file_event *events, int count);

/// From now on gives the Swift runtime's jobs of no actor to `handler`, which runs each once, and not to a pool of threads.
void clinux_take_global_jobs(void (*handler)(void *job));

// clocks, in nanoseconds, and randomness
int64_t clinux_boottime(void);
int64_t clinux_walltime(void);
int clinux_random(void *bytes, size_t count);
pid_t clinux_gettid(void);

#pragma clang assume_nonnull end
#endif
