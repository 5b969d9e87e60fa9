/* Asks one request again and again over kept connections and times every answer, streams too.
 *
 *     load PORT REQUEST_FILE CONNECTIONS COUNT RATE
 *
 * RATE 0 is a closed loop: each connection asks again as soon as it was answered. Any other RATE is an
 * open loop of so many requests a second: each has a moment when it is due, whatever became of those
 * before it, and its time counts from then on, so that a stall is charged to all it delayed.
 *
 * Prints, for each answer, the microseconds to the first byte of its body's content (of a stream: of
 * its first event) and to its end. Anything but a whole answer of status 200 (of a stream: one with
 * its terminator) ends the program with status 1 and the reason. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 4096, MAX_REQUEST = 64 * 1024, MAX_ANSWER = 256 * 1024, READY = 256 };
enum { PATIENCE_MS = 30 * 1000 };

typedef struct {
    int fd;
    bool busy;
    char *answer;
    size_t have;
    int64_t due_ns, first_ns;
} Connection;

static Connection connections[MAX_CONNECTIONS];
static Connection *idle[MAX_CONNECTIONS];
static size_t idle_count;
static char request[MAX_REQUEST];
static size_t request_size;
static bool streams;

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "unexpected");
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static long number(const char *text, long least) {
    char *rest;
    long value = strtol(text, &rest, 10);
    if (*rest || value < least) {
        fprintf(stderr, "load: %s is no number of at least %ld\n", text, least);
        exit(2);
    }
    return value;
}

static void dial(Connection *connection, uint16_t port, int epoll) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons(port)};
    int one = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    connection->answer = malloc(MAX_ANSWER + 1);
    if (connection->fd < 0 || !connection->answer ||
        connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0) {
        die("cannot connect");
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) < 0) {
        die("epoll_ctl");
    }
    idle[idle_count++] = connection;
}

static void ask(int64_t due_ns) {
    Connection *connection = idle[--idle_count];
    *connection = (Connection){.fd = connection->fd,
                               .answer = connection->answer,
                               .busy = true,
                               .due_ns = due_ns};
    if (send(connection->fd, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size) {
        die("cannot send");
    }
}

static void refuse(const Connection *connection, const char *why) {
    fprintf(stderr, "load: %s after %zu bytes: %.600s\n", why, connection->have,
            connection->answer);
    exit(1);
}

/* Whether the answer is here to its end. Nothing follows it, so its last bytes say it. */
static bool whole(const Connection *connection, const char *body) {
    const char *end = connection->answer + connection->have;
    const char *length = strcasestr(connection->answer, "\r\ncontent-length:");
    if (length && length < body) {
        return (size_t)(end - body) >= strtoul(length + 17, NULL, 10);
    }
    return end - body >= 5 && memcmp(end - 5, "0\r\n\r\n", 5) == 0 &&
           (end - body == 5 || memcmp(end - 7, "\r\n", 2) == 0);
}

/* Takes in what came. True when that ended the answer. */
static bool hear(Connection *connection) {
    ssize_t got = recv(connection->fd, connection->answer + connection->have,
                       MAX_ANSWER - connection->have, 0);
    int64_t now = now_ns();
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    connection->have += got > 0 ? (size_t)got : 0;
    connection->answer[connection->have] = '\0';
    if (got <= 0 || !connection->busy || connection->have == MAX_ANSWER) {
        refuse(connection, got <= 0 ? "the connection ended" : "more came than was asked for");
    }
    const char *body = strstr(connection->answer, "\r\n\r\n");
    if (!body) {
        return false;
    }
    body += 4;
    if (strncmp(connection->answer, "HTTP/1.1 200 ", 13) != 0) {
        refuse(connection, "the status is not 200");
    }
    if (!connection->first_ns && strstr(body, streams ? "data:" : "{")) {
        connection->first_ns = now;
    }
    if (!whole(connection, body)) {
        return false;
    }
    if (!connection->first_ns || (streams && !strstr(body, "data: [DONE]"))) {
        refuse(connection, "the answer has no proper end");
    }
    printf("%.1f %.1f\n", (double)(connection->first_ns - connection->due_ns) / 1e3,
           (double)(now - connection->due_ns) / 1e3);
    connection->busy = false;
    idle[idle_count++] = connection;
    return true;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: load PORT REQUEST_FILE CONNECTIONS COUNT RATE\n");
        return 2;
    }
    long port = number(argv[1], 1), width = number(argv[3], 1), count = number(argv[4], 1);
    long rate = number(argv[5], 0);
    FILE *file = fopen(argv[2], "rb");
    request_size = file ? fread(request, 1, MAX_REQUEST - 1, file) : 0;
    if (!request_size || width > MAX_CONNECTIONS) {
        die("cannot read the request, or too many connections");
    }
    streams = strstr(request, "\"stream\":true") != NULL;
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* the default adds 50 us to every due moment */

    int epoll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event alarm = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll < 0 || timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &alarm) < 0) {
        die("epoll");
    }
    for (long i = 0; i < width; i++) {
        dial(&connections[i], (uint16_t)port, epoll);
    }

    int64_t start = now_ns();
    for (long asked = 0, answered = 0; answered < count;) {
        while (asked < count && idle_count > 0) {
            int64_t due = rate ? start + (asked + 1) * 1000000000 / rate : now_ns();
            if (due > now_ns()) {
                struct itimerspec at = {.it_value = {due / 1000000000, due % 1000000000}};
                timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
                break;
            }
            ask(due);
            asked++;
        }
        struct epoll_event ready[READY];
        int events = epoll_wait(epoll, ready, READY, PATIENCE_MS);
        if (events == 0) {
            die("nothing came for 30 s");
        }
        for (int i = 0; i < events; i++) {
            uint64_t ticks;
            if (ready[i].data.ptr) {
                answered += hear(ready[i].data.ptr);
            } else if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) {
                die("timer");
            }
        }
    }
    return fflush(stdout) || ferror(stdout);
}
