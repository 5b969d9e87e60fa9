/* A provider that costs next to nothing: OpenAI's chat answer, whole or streamed, on loopback.
 *
 *     upstream            prints its port, serves until it is killed
 *
 * One thread, epoll, keep-alive, no Nagle. A whole answer is fixed, about 0.5 KB with usage. A request
 * that streams says how in OpenAI's `user` field, which every gateway passes on: "8x1" is 8 events,
 * 1 ms apart. The head and every event are writes of their own, as providers send them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FDS = 1 << 16, MAX_REQUEST = 64 * 1024, READY = 256, TICK_NS = 250 * 1000 };

static const char ANSWER[] =
    "{\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT\",\"object\":\"chat.completion\","
    "\"created\":1790000000,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"message\":"
    "{\"role\":\"assistant\",\"content\":\"A gateway stands between those who ask and those who "
    "answer: it checks who asks, and counts what it cost.\",\"refusal\":null},\"logprobs\":null,"
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":24,"
    "\"total_tokens\":43,\"prompt_tokens_details\":{\"cached_tokens\":0},"
    "\"completion_tokens_details\":{\"reasoning_tokens\":0}}}";

#define CHUNK(rest)                                                                                \
    "data: {\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT\","                                    \
    "\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"gpt-4o-mini\"," rest  \
    "}\n\n"
static const char WORD[] =
    CHUNK("\"choices\":[{\"index\":0,\"delta\":{\"content\":\" gateway\"},\"logprobs\":null,"
          "\"finish_reason\":null}],\"usage\":null");
static const char LAST[] = CHUNK("\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
                                 "\"finish_reason\":\"stop\"}],\"usage\":null");
static const char USAGE[] =
    CHUNK("\"choices\":[],\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":24,"
          "\"total_tokens\":43}");
static const char DONE[] = "data: [DONE]\n\n";
static const char STREAM_HEAD[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

typedef struct {
    char *request;
    size_t have;
    unsigned events_left; /* of the stream it is sending; 0 when it sends none */
    int64_t due_ns, gap_ns;
} Connection;

static Connection *connections[MAX_FDS];
static int streaming[MAX_FDS]; /* descriptors with a stream under way */
static int streams;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void end(int fd) {
    for (int i = 0; i < streams; i++) {
        if (streaming[i] == fd) {
            streaming[i--] = streaming[--streams];
        }
    }
    free(connections[fd]->request);
    free(connections[fd]);
    connections[fd] = NULL;
    close(fd);
}

/* What does not fit into an idle socket's buffer was not read for long: that client is given up. */
static bool put(int fd, const char *bytes, size_t count) {
    return send(fd, bytes, count, MSG_NOSIGNAL) == (ssize_t)count;
}

static bool put_event(int fd, const char *event) {
    char chunk[1024];
    int count = snprintf(chunk, sizeof chunk, "%zx\r\n%s\r\n", strlen(event), event);
    return put(fd, chunk, (size_t)count);
}

/* Sends the next event; the last goes with usage, the terminator and the end of the body. */
static bool step(int fd, Connection *connection) {
    connection->due_ns += connection->gap_ns;
    if (--connection->events_left > 0) {
        return put_event(fd, WORD);
    }
    return put_event(fd, LAST) && put_event(fd, USAGE) && put_event(fd, DONE) &&
           put(fd, "0\r\n\r\n", 5);
}

/* The value of a field, whatever white space its writer likes; NULL without it. */
static const char *value_of(const char *body, const char *name) {
    for (const char *at = body; (at = strstr(at, name)); at += strlen(name)) {
        const char *rest = at + strlen(name) + strspn(at + strlen(name), " ");
        if (*rest == ':') { /* else it was a value itself, such as a role */
            return rest + strspn(rest, ": \"");
        }
    }
    return NULL;
}

static bool answer(int fd, Connection *connection, const char *body) {
    const char *stream = value_of(body, "\"stream\"");
    if (!stream || *stream != 't') {
        static char whole[sizeof ANSWER + 128];
        static size_t length;
        if (!length) {
            length = (size_t)snprintf(whole, sizeof whole,
                                      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                      "Content-Length: %zu\r\n\r\n%s",
                                      sizeof ANSWER - 1, ANSWER);
        }
        return put(fd, whole, length);
    }
    unsigned events = 8, gap_ms = 1;
    const char *how = value_of(body, "\"user\"");
    if (how && sscanf(how, "%ux%u", &events, &gap_ms) != 2) {
        fprintf(stderr, "upstream: `user` must be EVENTSxMILLISECONDS\n");
        return false;
    }
    connection->events_left = events ? events : 1;
    connection->gap_ns = (int64_t)gap_ms * 1000000;
    connection->due_ns = now_ns();
    if (!put(fd, STREAM_HEAD, sizeof STREAM_HEAD - 1) || !step(fd, connection)) {
        return false;
    }
    if (connection->events_left > 0) {
        streaming[streams++] = fd;
    }
    return true;
}

/* Answers the request that is here, if it is here whole. False when the connection is over. */
static bool understand(int fd, Connection *connection) {
    connection->request[connection->have] = '\0';
    char *body = strstr(connection->request, "\r\n\r\n");
    if (!body) {
        return connection->have < MAX_REQUEST;
    }
    const char *length = strcasestr(connection->request, "\r\ncontent-length:");
    size_t wanted = length && length < body ? strtoul(length + 17, NULL, 10) : 0;
    body += 4;
    if ((size_t)(connection->request + connection->have - body) < wanted) {
        return connection->have < MAX_REQUEST;
    }
    connection->have = 0; /* nobody here sends ahead */
    return answer(fd, connection, body);
}

static void welcome(int epoll, int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        Connection *connection = fd < MAX_FDS ? calloc(1, sizeof *connection) : NULL;
        if (!connection || !(connection->request = malloc(MAX_REQUEST + 1))) {
            die("upstream: too many connections");
        }
        connections[fd] = connection;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
            die("upstream: epoll_ctl");
        }
    }
}

static void hear(int fd) {
    Connection *connection = connections[fd];
    ssize_t got = recv(fd, connection->request + connection->have, MAX_REQUEST - connection->have, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        end(fd);
        return;
    }
    connection->have += (size_t)got;
    if (!understand(fd, connection)) {
        end(fd);
    }
}

static void advance(void) {
    int64_t now = now_ns();
    for (int i = streams - 1; i >= 0; i--) {
        int fd = streaming[i];
        Connection *connection = connections[fd];
        bool alive = true;
        while (alive && connection->events_left > 0 && connection->due_ns <= now) {
            alive = step(fd, connection);
        }
        if (!alive) {
            end(fd);
        } else if (connection->events_left == 0) {
            streaming[i] = streaming[--streams];
        }
    }
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 ||
        listen(listener, 1024) < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0) {
        die("upstream: cannot listen");
    }
    int epoll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    struct epoll_event ticking = {.events = EPOLLIN, .data.fd = timer};
    if (epoll < 0 || timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &ticking) < 0) {
        die("upstream: epoll");
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    bool armed = false;
    for (;;) {
        if (armed != (streams > 0)) {
            armed = streams > 0;
            struct itimerspec tick = {{0, armed ? TICK_NS : 0}, {0, armed ? TICK_NS : 0}};
            timerfd_settime(timer, 0, &tick, NULL);
        }
        struct epoll_event ready[READY];
        int count = epoll_wait(epoll, ready, READY, -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            uint64_t ticks;
            if (fd == listener) {
                welcome(epoll, listener);
            } else if (fd == timer) {
                if (read(timer, &ticks, sizeof ticks) > 0) {
                    advance();
                }
            } else if (connections[fd]) {
                hear(fd);
            }
        }
    }
}
