/* libuv: the workloads that make sense without tasks; reports as the Rust
   runtimes do (see src/outcome.rs).

   usage:  uv_rival WORKLOAD N
   build:  cc -O3 -o target/release/uv_rival benches/other/uv_rival.c -luv */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define BATCH 1000

#define CHECK(x)                                  \
  do {                                            \
    if (!(x)) {                                   \
      fprintf(stderr, "check failed: %s\n", #x);  \
      exit(1);                                    \
    }                                             \
  } while (0)

static uv_loop_t *loop;

/* ---- the meter */

static uint64_t cpu_start, wall_start;

static uint64_t cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void start(void) {
  cpu_start = cpu_ns();
  wall_start = uv_hrtime();
}

/* Reports, and ends the process without tearing anything down. */
static void stop(uint64_t ops, const char *key, double value) {
  unsigned long long wall = uv_hrtime() - wall_start, cpu = cpu_ns() - cpu_start;
  printf("{\"ops\":%llu,\"wall_ns\":%llu,\"cpu_ns\":%llu", (unsigned long long)ops, wall, cpu);
  if (key) printf(",\"%s\":%.3f", key, value);
  printf("}\n");
  fflush(stdout);
  _exit(0);
}

/* xorshift64*, as in parts.rs */
static uint64_t rng_state = 0x9E3779B97F4A7C15ull;

static uint64_t rng(void) {
  rng_state ^= rng_state >> 12;
  rng_state ^= rng_state << 25;
  rng_state ^= rng_state >> 27;
  return rng_state * 0x2545F4914F6CDD1Dull;
}

/* ---- callbacks and turns: libuv has no queue of one-shot callbacks; its nearest
   is 1000 idle handles, each called once a turn (a turn has an epoll_wait of 0). */

static uint64_t count, target;
static uv_idle_t idles[BATCH];

static void on_idle(uv_idle_t *h) {
  (void)h;
  if (++count >= target) uv_stop(loop);
}

static void run_idles(uint64_t n, int handles) {
  count = 0;
  target = n;
  for (int i = 0; i < handles; i++) {
    uv_idle_init(loop, &idles[i]);
    uv_idle_start(&idles[i], on_idle);
  }
  uv_run(loop, UV_RUN_DEFAULT);
  for (int i = 0; i < handles; i++) uv_idle_stop(&idles[i]);
  CHECK(count >= n && count < n + handles);
}

static void callbacks(uint64_t n) { run_idles(n, BATCH); }
static void yield_one(uint64_t n) { run_idles(n, 1); }

/* ---- timers */

static uint64_t left;

static void on_timer(uv_timer_t *h) {
  left--;
  uv_close((uv_handle_t *)h, (uv_close_cb)free);
}

static void on_cancelled(uv_timer_t *h) {
  (void)h;
  CHECK(!"a cancelled timer fired");
}

static void timers_fire(uint64_t n) {
  uint64_t window_us = n * 2;
  left = n;
  start();
  for (uint64_t i = 0; i < n; i++) {
    uv_timer_t *t = malloc(sizeof *t);
    uint64_t us = window_us / 4 + rng() % (window_us * 3 / 4);
    uv_timer_init(loop, t);
    uv_timer_start(t, on_timer, (us + 999) / 1000, 0);
  }
  uv_run(loop, UV_RUN_DEFAULT);
  CHECK(left == 0);
  stop(n, 0, 0);
}

static void timers_cancel(uint64_t n, uint64_t live) {
  static uv_timer_t batch[BATCH];
  uv_timer_t *others = malloc(sizeof *others * (live + 1));
  for (uint64_t i = 0; i < live; i++) {
    uv_timer_init(loop, &others[i]);
    uv_timer_start(&others[i], on_cancelled, 60000 + rng() % 60000, 0);
  }
  for (int i = 0; i < BATCH; i++) uv_timer_init(loop, &batch[i]);
  uint64_t warm_up = n / 10 / BATCH;
  for (uint64_t b = 0; b < warm_up + n / BATCH; b++) {
    if (b == warm_up) start();
    for (int i = 0; i < BATCH; i++)
      uv_timer_start(&batch[i], on_cancelled, 30000 + (rng() & 1023), 0);
    for (int i = 0; i < BATCH; i++) uv_timer_stop(&batch[i]);
    uv_run(loop, UV_RUN_NOWAIT);
  }
  stop(n, 0, 0);
}

/* ---- threads */

static uv_async_t async;
static uv_sem_t go;
static int thread_core;

static void on_async(uv_async_t *h) {
  if (++count < target)
    uv_sem_post(&go);
  else
    uv_close((uv_handle_t *)h, NULL);
}

static void answer(void *arg) {
  (void)arg;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(thread_core, &set);
  sched_setaffinity(0, sizeof set, &set);
  for (uint64_t i = 0; i < target; i++) {
    uv_sem_wait(&go);
    uv_async_send(&async);
  }
}

static void xthread(uint64_t n, int core) {
  uv_thread_t thread;
  count = 0;
  target = n;
  thread_core = core;
  uv_sem_init(&go, 0);
  uv_async_init(loop, &async, on_async);
  uv_thread_create(&thread, answer, NULL);
  uv_sem_post(&go);
  uv_run(loop, UV_RUN_DEFAULT);
  uv_thread_join(&thread);
  CHECK(count == n);
}

static void xthread_same(uint64_t n) { xthread(n, 0); }
static void xthread_cross(uint64_t n) { xthread(n, 1); }

static uv_work_t jobs[BATCH];
static uint64_t sum;

static void work(uv_work_t *w) { w->data = (void *)((uintptr_t)w->data + 1); }

static void after_rtt(uv_work_t *w, int status) {
  (void)status;
  sum += (uintptr_t)w->data;
  if (++count < target) {
    w->data = 0;
    uv_queue_work(loop, w, work, after_rtt);
  }
}

static void blocking_rtt(uint64_t n) {
  count = sum = 0;
  target = n;
  jobs[0].data = 0;
  uv_queue_work(loop, &jobs[0], work, after_rtt);
  uv_run(loop, UV_RUN_DEFAULT);
  CHECK(count == n && sum == n);
}

static void after_tput(uv_work_t *w, int status) {
  (void)status;
  sum += (uintptr_t)w->data;
}

static void blocking_tput(uint64_t n) {
  sum = 0;
  for (uint64_t b = 0; b < n / BATCH; b++) {
    for (int i = 0; i < BATCH; i++) {
      jobs[i].data = 0;
      uv_queue_work(loop, &jobs[i], work, after_tput);
    }
    uv_run(loop, UV_RUN_DEFAULT);
  }
  CHECK(sum == n);
}

/* ---- idle */

/* Voluntary context switches of all threads: each is a wake-up later. */
static uint64_t switches(void) {
  uint64_t all = 0;
  unsigned long long v;
  char path[300], line[200];
  DIR *d = opendir("/proc/self/task");
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", e->d_name);
    FILE *f = fopen(path, "r");
    if (!f) continue;
    while (fgets(line, sizeof line, f))
      if (sscanf(line, "voluntary_ctxt_switches: %llu", &v) == 1) all += v;
    fclose(f);
  }
  closedir(d);
  return all;
}

static void on_second(uv_timer_t *h) {
  if (--left == 0) uv_timer_stop(h);
}

static void idle(uint64_t n) {
  uv_timer_t t;
  left = n;
  uv_timer_init(loop, &t);
  uv_timer_start(&t, on_second, 1000, 1000);
  uint64_t before = switches();
  start();
  uv_run(loop, UV_RUN_DEFAULT);
  stop(n, "wakeups_per_s", (switches() - before) / ((uv_hrtime() - wall_start) / 1e9));
}

/* ---- TCP */

enum mode { SERVE_ECHO, SERVE_SINK, SERVE_ACCEPT };
static enum mode mode;
static size_t buffer_size;

struct connection {
  uv_tcp_t handle;
  uint64_t total;
  char buffer[];
};

static void give_buffer(uv_handle_t *h, size_t hint, uv_buf_t *b) {
  (void)hint;
  *b = uv_buf_init(((struct connection *)h)->buffer, buffer_size);
}

static void written(uv_write_t *w, int status) {
  (void)status;
  free(w);
}

static void on_read(uv_stream_t *s, ssize_t k, const uv_buf_t *b) {
  struct connection *c = (struct connection *)s;
  if (k < 0) {
    if (mode == SERVE_SINK && k == UV_EOF) {
      uv_buf_t tail = uv_buf_init((char *)&c->total, sizeof c->total);
      uv_try_write(s, &tail, 1);
    }
    uv_close((uv_handle_t *)s, (uv_close_cb)free);
    return;
  }
  if (mode == SERVE_SINK) {
    c->total += k;
    return;
  }
  uv_buf_t reply = uv_buf_init(b->base, k);
  int done = uv_try_write(s, &reply, 1); /* the quick way its docs offer */
  if (done < 0) done = 0;
  if (done < k) {
    uv_write_t *w = malloc(sizeof *w);
    reply = uv_buf_init(b->base + done, k - done);
    uv_write(w, s, &reply, 1, written);
  }
}

static void on_connection(uv_stream_t *server, int status) {
  (void)status;
  struct connection *c = malloc(sizeof *c + buffer_size);
  c->total = 0;
  uv_tcp_init(loop, &c->handle);
  if (uv_accept(server, (uv_stream_t *)c) || mode == SERVE_ACCEPT) {
    uv_close((uv_handle_t *)c, (uv_close_cb)free);
    return;
  }
  uv_tcp_nodelay(&c->handle, 1);
  uv_read_start((uv_stream_t *)c, give_buffer, on_read);
}

static void serve(enum mode m, size_t size) {
  uv_tcp_t server;
  struct sockaddr_in address;
  int len = sizeof address;
  mode = m;
  buffer_size = size;
  uv_ip4_addr("127.0.0.1", 0, &address);
  uv_tcp_init(loop, &server);
  uv_tcp_simultaneous_accepts(&server, 1);
  uv_tcp_bind(&server, (struct sockaddr *)&address, 0);
  CHECK(uv_listen((uv_stream_t *)&server, 4096, on_connection) == 0);
  uv_tcp_getsockname(&server, (struct sockaddr *)&address, &len);
  printf("LISTEN %d\n", ntohs(address.sin_port));
  fflush(stdout);
  uv_run(loop, UV_RUN_DEFAULT);
  CHECK(!"the server came to an end");
}

/* ---- */

static const struct {
  const char *name;
  void (*run)(uint64_t n);
} warmed[] = {
    {"callbacks", callbacks},         {"yield_one", yield_one},
    {"xthread_same", xthread_same},   {"xthread_cross", xthread_cross},
    {"blocking_rtt", blocking_rtt},   {"blocking_tput", blocking_tput},
};

int main(int argc, char **argv) {
  CHECK(argc == 3);
  const char *name = argv[1];
  uint64_t n = strtoull(argv[2], 0, 10);
  loop = uv_default_loop();
  for (size_t i = 0; i < sizeof warmed / sizeof *warmed; i++)
    if (!strcmp(name, warmed[i].name)) {
      warmed[i].run(n / 10 < BATCH ? BATCH : n / 10 / BATCH * BATCH);
      start();
      warmed[i].run(n);
      stop(n, 0, 0);
    }
  if (!strcmp(name, "timers_fire")) timers_fire(n);
  if (!strcmp(name, "timers_cancel")) timers_cancel(n, 0);
  if (!strcmp(name, "timers_live1m")) timers_cancel(n, 1000000);
  if (!strcmp(name, "idle")) idle(n);
  if (!strcmp(name, "serve_echo")) serve(SERVE_ECHO, 4096);
  if (!strcmp(name, "serve_sink")) serve(SERVE_SINK, 65536);
  if (!strcmp(name, "serve_accept")) serve(SERVE_ACCEPT, 4096);
  if (!strcmp(name, "mem_sleep")) { /* a timer handle is all there is to a sleeper */
    start();
    stop(n, "bytes_per_task", sizeof(uv_timer_t));
  }
  puts("n/a: not offered");
  return 0;
}
