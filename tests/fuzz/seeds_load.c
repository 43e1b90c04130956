/* seeds_load <folder>: writes the seeds of fuzz_load: models in one file and in several, some of which do not fit each
 * other, with random calls. */
#include "tests/engine/support/model_file.h"
#include "tests/fuzz/seeds.h"

#define MAX_SPLITS 3
#define CALLS      160 /* bytes */

enum flaw { NONE, NO_NUMBER, NO_COUNT, WRONG_NUMBER, OTHER_COUNT, OTHER_TENSORS, TWICE, TOO_MANY, ALIGNED, FLAWS };

/* Split `no` of `count` of a model with an even share of its tensors. */
static void put_split(struct build *b, const struct model_file *whole, uint32_t no, uint32_t count, enum flaw flaw) {
    static struct model_file f; /* large */
    const size_t n = whole->n_tensors;
    const bool bad = no + 1 == count; /* the last one has the flaw */
    f = *whole;
    const size_t from = n * no / count;
    const size_t end = n * (no + 1) / count;
    memmove(f.tensors, f.tensors + from, (end - from) * sizeof(f.tensors[0]));
    f.n_tensors = end - from;
    if (bad && flaw == TWICE) {
        f.tensors[0] = whole->tensors[0];
    }
    if (no) { /* the hyperparameters are in the first */
        f.n_keys = 1;
    }
    file_u32(&f, "general.alignment", bad && flaw == ALIGNED ? 64 : 32);
    b->n = 0;
    *b = (struct build){0};
    put_header(b, 3, f.n_tensors, f.n_keys + 3 - (bad && (flaw == NO_NUMBER || flaw == NO_COUNT)));
    for (size_t i = 0; i < f.n_keys; i++) {
        put_file_key(b, &f.keys[i]);
    }
    if (!(bad && flaw == NO_NUMBER)) {
        put_key_u32(b, "split.no", bad && flaw == WRONG_NUMBER ? 9 : no);
    }
    put_key_u32(b, "split.count", flaw == TOO_MANY ? 70000 : count + (bad && flaw == OTHER_COUNT));
    if (!(bad && flaw == NO_COUNT)) {
        put_key_u32(b, "split.tensors.count", (uint32_t)n + (bad && flaw == OTHER_TENSORS));
    }
    uint64_t offset = 0;
    for (size_t i = 0; i < f.n_tensors; i++) {
        const struct file_tensor *tensor = &f.tensors[i];
        put_tensor(b, tensor->name, tensor->n_dims, tensor->shape, tensor->type, offset);
        offset += (file_tensor_bytes(tensor) + 63) / 64 * 64;
    }
    put_data(b, bad && flaw == ALIGNED ? 64 : 32, 0);
}

static void save(const char *folder, struct build files[], uint32_t count, uint32_t *random) {
    static size_t number;
    struct build seed = {0};
    put_u8(&seed, count - 1);
    for (uint32_t i = 0; i < count; i++) {
        put_u8(&seed, files[i].n & 255), put_u8(&seed, files[i].n >> 8);
        put_bytes(&seed, files[i].at, files[i].n);
        build_free(&files[i]);
    }
    put_u8(&seed, seed_random(random) % 8), put_u8(&seed, 0);
    for (size_t i = 0; i < CALLS; i++) {
        put_u8(&seed, seed_random(random));
    }
    seed_write(folder, "files", number++, seed.at, seed.n);
    build_free(&seed);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    static const char *const architectures[] = {"llama", "gemma3"};
    uint32_t random = 1;
    for (uint32_t count = 1; count <= MAX_SPLITS; count++) {
        for (enum flaw flaw = NONE; flaw < FLAWS; flaw++) {
            for (uint32_t i = 0; i < (flaw == NONE ? 6 : 2); i++) {
                struct model_file f;
                struct build files[MAX_SPLITS];
                file_make(&f, architectures[i % 2]);
                file_add_vocabulary(&f, FILE_VOCAB);
                for (uint32_t no = 0; no < count; no++) {
                    put_split(&files[no], &f, no, count, flaw);
                }
                save(argv[1], files, count, &random);
            }
        }
    }
    return 0;
}
