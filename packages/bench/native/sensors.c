/*
 * Sensors, as many as there are: each holds a connection and has WINDOW observations at QoS 1 in flight.
 *
 *   sensors PORT CONNECTIONS WINDOW SECONDS LABS [RATE]
 *
 * With a rate they take turns, so many publishes a second in all; one whose last is not acknowledged leaves out its turn.
 *
 * MQTT 3.1.1 on loopback. The clock starts when every connection has its CONNACK. Prints one line of JSON: what was
 * acknowledged, the seconds, the own CPU time, and milliseconds from publish to PUBACK (of windows of one).
 * It ends with 2 and a line on stderr when anything else comes than what it expects.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 256, PUBACK_BYTES = 4, PACKET_IDS = 65535, EVENTS = 512 };
/* Of 0.1 ms each; the last one has all that took longer. */
enum { BINS = 100000 };

typedef struct {
  int fd;
  int lab;
  unsigned packet_id;
  long sequence;
  int in_flight;
  double sent_at;
  unsigned char ack[PUBACK_BYTES];
  int ack_bytes;
  char *out;
  size_t out_bytes;
} Sensor;

static int lab_count;
static int is_gateway;
static long start_s;
static long bins[BINS];

static void fail(const char *what) {
  perror(what);
  exit(2);
}

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static double own_cpu_s(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/*
 * Writes a PUBLISH [MQTT-3.3] and returns its bytes. No two observations are the same. One that has a single publish in
 * flight is a sensor, and stays in its lab; one that has more is a gateway, whose publishes go to all labs.
 */
static size_t publish(Sensor *s, char *to) {
  char topic[64], payload[128];
  s->sequence++;
  s->packet_id = s->packet_id % PACKET_IDS + 1;
  int lab = (int)((s->lab + (is_gateway ? s->sequence * 7919L : 0)) % lab_count);
  int topic_bytes = snprintf(topic, sizeof topic, "labs/lab-%d/observation", lab);
  int payload_bytes = snprintf(payload, sizeof payload, "{\"timestamp\":%ld.%03d,\"temp\":21.%d,\"humidity\":%d.%03d}",
                               start_s + s->sequence / 1000, (int)(s->sequence % 1000), (int)(s->sequence % 10),
                               30 + s->lab / 1000, s->lab % 1000);
  int left = 2 + topic_bytes + 2 + payload_bytes;
  size_t at = 0;
  to[at++] = 0x32;
  do {
    to[at++] = (left & 0x7f) | (left > 0x7f ? 0x80 : 0);
    left >>= 7;
  } while (left > 0);
  to[at++] = topic_bytes >> 8;
  to[at++] = topic_bytes & 0xff;
  memcpy(to + at, topic, topic_bytes);
  at += topic_bytes;
  to[at++] = s->packet_id >> 8;
  to[at++] = s->packet_id & 0xff;
  memcpy(to + at, payload, payload_bytes);
  return at + payload_bytes;
}

/* Connects with a clean session and a keep-alive of 120 s, and waits for the CONNACK. */
static void open_sensor(Sensor *s, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  s->fd = socket(AF_INET, SOCK_STREAM, 0);
  int yes = 1;
  if (s->fd < 0 || connect(s->fd, (void *)&to, sizeof to)) fail("connect");
  setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  char id[32], frame[64] = "\x10\0\0\4MQTT\4\2\0\x78\0";
  int id_bytes = snprintf(id, sizeof id, "sensor-%d", s->lab);
  frame[1] = 12 + id_bytes;
  frame[13] = id_bytes;
  memcpy(frame + 14, id, id_bytes);
  if (write(s->fd, frame, 14 + id_bytes) != 14 + id_bytes) fail("write CONNECT");
  unsigned char answer[4];
  for (int got = 0; got < 4;) {
    ssize_t n = read(s->fd, answer + got, 4 - got);
    if (n <= 0) fail("read CONNACK");
    got += n;
  }
  if (answer[0] != 0x20 || answer[3] != 0) {
    fprintf(stderr, "CONNACK says %d\n", answer[3]);
    exit(2);
  }
  fcntl(s->fd, F_SETFL, O_NONBLOCK);
}

/* Waits for room to write, or not any more. */
static void want_write(int epoll, Sensor *s, int wants) {
  struct epoll_event e = {.events = EPOLLIN | (wants ? EPOLLOUT : 0), .data.ptr = s};
  epoll_ctl(epoll, EPOLL_CTL_MOD, s->fd, &e);
}

/* Fills the window and writes what the kernel takes. */
static void send_more(int epoll, Sensor *s, int window) {
  int had = s->out_bytes > 0;
  if (s->in_flight < window) s->sent_at = now_s();
  while (s->in_flight < window) {
    s->out_bytes += publish(s, s->out + s->out_bytes);
    s->in_flight++;
  }
  ssize_t n = write(s->fd, s->out, s->out_bytes);
  if (n < 0 && errno != EAGAIN) fail("write");
  if (n > 0) {
    memmove(s->out, s->out + n, s->out_bytes - n);
    s->out_bytes -= n;
  }
  if ((s->out_bytes > 0) != had) want_write(epoll, s, s->out_bytes > 0);
}

/* Reads PUBACKs and returns how many. */
static int read_acks(Sensor *s) {
  static unsigned char in[65536];
  ssize_t n = read(s->fd, in, sizeof in);
  if (n == 0 || (n < 0 && errno != EAGAIN)) fail("a connection ended");
  int acks = 0;
  for (ssize_t i = 0; i < n; i++) {
    s->ack[s->ack_bytes++] = in[i];
    if (s->ack_bytes < PUBACK_BYTES) continue;
    s->ack_bytes = 0;
    if (s->ack[0] != 0x40) {
      fprintf(stderr, "a packet of type 0x%02x, where PUBACK was expected\n", s->ack[0]);
      exit(2);
    }
    acks++;
  }
  if (acks > 0) {
    long bin = (now_s() - s->sent_at) * 1e4;
    bins[bin < BINS ? bin : BINS - 1] += acks;
  }
  s->in_flight -= acks;
  return acks;
}

static double quantile_ms(long total, double of) {
  long seen = 0;
  for (int i = 0; i < BINS; i++) {
    seen += bins[i];
    if (seen >= total * of) return i / 10.0;
  }
  return BINS / 10.0;
}

int main(int argc, char **argv) {
  if (argc != 6 && argc != 7) {
    fprintf(stderr, "sensors PORT CONNECTIONS WINDOW SECONDS LABS [RATE]\n");
    return 2;
  }
  int port = atoi(argv[1]), count = atoi(argv[2]), window = atoi(argv[3]);
  double seconds = atof(argv[4]);
  lab_count = atoi(argv[5]);
  is_gateway = window > 1;
  double rate = argc == 7 ? atof(argv[6]) : 0;
  start_s = time(0) - 3600;
  Sensor *sensors = calloc(count, sizeof *sensors);
  int epoll = epoll_create1(0);
  for (int i = 0; i < count; i++) {
    Sensor *s = sensors + i;
    s->lab = i;
    s->out = malloc((size_t)FRAME_MAX * (window + 1));
    open_sensor(s, port);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};
    epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &e);
  }
  printf("ready\n");
  fflush(stdout);
  double began_s = now_s(), cpu_s = own_cpu_s(), end_s = began_s + seconds;
  long acks = 0;
  if (rate == 0)
    for (int i = 0; i < count; i++) send_more(epoll, sensors + i, window);
  for (long turns = 0; now_s() < end_s;) {
    struct epoll_event events[EVENTS];
    int wait_ms = 100;
    if (rate > 0) {
      for (; turns < (now_s() - began_s) * rate; turns++) {
        Sensor *s = sensors + turns % count;
        if (s->in_flight == 0) send_more(epoll, s, 1);
      }
      wait_ms = 1 + (turns / rate + began_s - now_s()) * 1000;
    }
    int n = epoll_wait(epoll, events, EVENTS, wait_ms);
    for (int i = 0; i < n; i++) {
      Sensor *s = events[i].data.ptr;
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) acks += read_acks(s);
      if (s->out_bytes > 0 || (rate == 0 && s->in_flight < window)) send_more(epoll, s, rate == 0 ? window : s->in_flight);
    }
  }
  printf("{\"acknowledged\":%ld,\"seconds\":%.3f,\"cpuSeconds\":%.3f,\"p50Ms\":%.1f,\"p99Ms\":%.1f}\n", acks,
         now_s() - began_s, own_cpu_s() - cpu_s, quantile_ms(acks, 0.5), quantile_ms(acks, 0.99));
  return 0;
}
