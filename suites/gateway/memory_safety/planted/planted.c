/* One deliberate memory error per name, on either side of the boundary: the positive control.
 * A tool that lets one of these pass proves nothing about the programs it calls clean. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int planted_rust_use_after_free(void);
int planted_rust_overread(void);
int planted_rust_leak(void);
int planted_rust_clean(void);

/* Volatile, so that the optimiser can neither see through nor remove an access; what is read goes
 * to `number`, because valgrind drops loads whose value nobody uses. */
static char *volatile heap;
static volatile int number;

static int c_use_after_free(void)
{
    heap = malloc(16);
    if (heap == NULL) return 70;
    heap[0] = 1;
    free(heap);
    number = *(volatile char *)heap;
    return 0;
}

static int c_overread(void)
{
    heap = malloc(16);
    if (heap == NULL) return 70;
    memset(heap, 1, 16);
    number = *(volatile char *)(heap + 16);
    free(heap);
    return 0;
}

static int c_leak(void)
{
    heap = malloc(64);
    if (heap == NULL) return 70;
    heap[0] = 1;
    heap = NULL;
    return 0;
}

static int c_overflow(void)
{
    number = INT_MAX;
    number = number + 1;
    return 0;
}

static int clean(void)
{
    heap = malloc(16);
    if (heap == NULL) return 70;
    heap[15] = 0;
    number = heap[15];
    free(heap);
    return number + planted_rust_clean();
}

static const struct {
    const char *name;
    int (*run)(void);
} planted[] = {
    {"clean", clean},
    {"c-use-after-free", c_use_after_free},
    {"c-overread", c_overread},
    {"c-leak", c_leak},
    {"c-overflow", c_overflow},
    {"rust-use-after-free", planted_rust_use_after_free},
    {"rust-overread", planted_rust_overread},
    {"rust-leak", planted_rust_leak},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof planted / sizeof *planted; i++) {
        if (strcmp(planted[i].name, argv[1]) == 0) {
            int result = planted[i].run();
            printf("%s ran to its end\n", argv[1]);
            return result ? 71 : 0;
        }
    }
    fprintf(stderr, "usage: planted NAME\n");
    return 64;
}
