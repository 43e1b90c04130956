/* Checks of the matrix products: gemv, and unpack_panel with gemm, against the reference's gemv token by token. */
#include "check_kinds.h"
#include "f16_scales.h"
#include "fill.h"

#include "platform/memory.h"

/* Contents of blocks. "Scales" are the f16 scales; other scales are bytes like codes. */
enum block_fill {
    BLOCKS_RANDOM,   /* random bytes, with infinities and NaNs among the scales */
    BLOCKS_NORMAL,   /* random codes, scales as in a model */
    BLOCKS_LOWEST,   /* all bytes 0, scales as in a model */
    BLOCKS_HIGHEST,  /* all bytes 255, scales as in a model */
    BLOCKS_SIGN,     /* all bytes 128, the lowest signed code; scales as in a model */
    BLOCKS_TINY,     /* random codes, subnormal scales */
    BLOCKS_INFINITE, /* random codes, some scales infinite */
    BLOCK_FILLS
};

static uint16_t scale_bits(struct check *check, enum block_fill fill) {
    const uint32_t random = check_random(check);
    switch (fill) {
    case BLOCKS_TINY:
        return (uint16_t)(random & 0x83ff);
    case BLOCKS_INFINITE:
        return random & 0x70000 ? (uint16_t)(0x2400 + (random & 0x8fff)) : (uint16_t)(0x7c00 | (random & 0x8000));
    default: /* 2^-11 to 2^-3, either sign */
        return (uint16_t)(0x1000 + (random & 0x9fff));
    }
}

static uint8_t block_byte(struct check *check, enum block_fill fill) {
    const uint8_t random = (uint8_t)check_random(check);
    switch (fill) {
    case BLOCKS_LOWEST:
        return 0;
    case BLOCKS_HIGHEST:
        return 255;
    case BLOCKS_SIGN:
        return 128;
    default:
        return random;
    }
}

static void fill_blocks(struct check *check, uint8_t *w, size_t bytes, uint32_t type, enum block_fill fill) {
    for (size_t i = 0; i < bytes; i++) {
        w[i] = block_byte(check, fill);
    }
    if (fill == BLOCKS_RANDOM) {
        return;
    }
    const struct f16_scales scales = f16_scales(type);
    for (size_t block = 0; block < bytes; block += type_traits(type)->block_bytes) {
        for (unsigned i = 0; i < scales.count; i++) {
            put_f16(w + block + scales.at[i], scale_bits(check, fill));
        }
    }
}

/* Weights of float types take the fills of floats. */
static void fill_floats(struct check *check, uint8_t *w, size_t count, uint32_t type, enum fill fill) {
    enum { CHUNK = 64 };
    for (size_t i = 0; i < count; i += CHUNK) {
        float values[CHUNK];
        uint16_t f16s[CHUNK];
        const size_t some = count - i < CHUNK ? count - i : CHUNK;
        check_fill(check, values, some, fill);
        check_fill_f16(check, f16s, some, fill);
        for (size_t k = 0; k < some; k++) {
            uint32_t bits;
            memcpy(&bits, &values[k], sizeof bits);
            if (type == TYPE_F32) {
                memcpy(w + 4 * (i + k), &bits, 4);
            } else {
                put_f16(w + 2 * (i + k), type == TYPE_F16 ? f16s[k] : (uint16_t)(bits >> 16));
            }
        }
    }
}

/* Activations take the fills of floats, and one more: all codes the largest, with one sign. */
enum { FILL_ONES = FILLS, ACTIVATION_FILLS };

static void fill_activation(struct check *check, uint8_t *row, enum activation_kind kind, size_t n, unsigned fill) {
    static quantize_fn *const quantize[] = {
        [ACTIVATION_F32] = activation_quantize_f32,
        [ACTIVATION_Q8_0] = activation_quantize_q8_0,
        [ACTIVATION_Q8_1] = activation_quantize_q8_1,
        [ACTIVATION_Q8_K] = activation_quantize_q8_K,
    };
    enum { LONGEST = 1280 };
    float x[LONGEST];
    if (n > LONGEST) {
        __builtin_trap();
    }
    if (fill < FILLS) {
        check_fill(check, x, n, (enum fill)fill);
    } else {
        for (size_t i = 0; i < n; i++) {
            x[i] = 1.0f;
        }
    }
    memset(row, 0, activation_layout(kind, n).bytes);
    quantize[kind](row, x, n);
}

struct shape {
    size_t n, rows, tokens;
    bool batch; /* unpack_panel and gemm, with at most PANEL_ROWS rows; otherwise gemv */
};

/* A matrix product: its arguments, with the addresses of the reference. */
struct product {
    struct shape shape;
    size_t row_bytes, activation_bytes, out_stride, panel_bytes;
    float *out;
    uint8_t *w, *activations, *panel;
};

static struct product add_product(struct check *check, uint32_t type, const struct weight_kernels *reference,
                                  const struct weight_kernels *variant, const struct shape *shape) {
    const struct type_traits *traits = type_traits(type);
    struct product p = {.shape = *shape};
    p.row_bytes = shape->n / traits->block_weights * traits->block_bytes;
    p.activation_bytes = activation_layout(reference->activation, shape->n).bytes;
    p.out_stride = shape->rows + check_below(check, 4);
    if (shape->batch) {
        p.panel_bytes = (shape->n / traits->block_weights * variant->panel_block_bytes + 63) & ~(size_t)63;
    }
    p.out = check_floats(check, shape->tokens ? (shape->tokens - 1) * p.out_stride + shape->rows : 0);
    p.w = check_bytes(check, shape->rows * p.row_bytes);
    p.activations = check_bytes(check, shape->tokens * p.activation_bytes);
    p.panel = check_bytes(check, p.panel_bytes);
    return p;
}

static void multiply_reference(const struct weight_kernels *reference, const struct product *p) {
    for (size_t t = 0; t < p->shape.tokens; t++) {
        const struct gemv_args args = {.out = p->out + t * p->out_stride,
                                       .w = p->w,
                                       .row_bytes = p->row_bytes,
                                       .rows = p->shape.rows,
                                       .activations = p->activations + t * p->activation_bytes,
                                       .tokens = 1,
                                       .n = p->shape.n};
        reference->gemv(&args);
    }
}

/* All tokens in one call if the variant takes them, otherwise one by one. The order of reading varies. */
static void multiply_tokens(struct check *check, const struct weight_kernels *variant, const struct product *p) {
    const size_t at_once = p->shape.tokens <= variant->gemv_tokens ? p->shape.tokens : 1;
    for (size_t t = 0; t < p->shape.tokens; t += at_once) {
        const struct gemv_args args = {.out = AT(p->out + t * p->out_stride),
                                       .out_stride = p->out_stride,
                                       .w = AT(p->w),
                                       .row_bytes = p->row_bytes,
                                       .rows = p->shape.rows,
                                       .activations = AT(p->activations + t * p->activation_bytes),
                                       .activation_bytes = p->activation_bytes,
                                       .tokens = at_once,
                                       .n = p->shape.n,
                                       .order = (enum gemv_order)((p->shape.rows + t) % GEMV_ORDERS)};
        variant->gemv(&args);
    }
}

static void multiply_batch(struct check *check, const struct weight_kernels *variant, const struct product *p) {
    const struct panel_args unpack = {
        .panel = AT(p->panel), .w = AT(p->w), .row_bytes = p->row_bytes, .rows = p->shape.rows, .n = p->shape.n};
    const struct gemm_args args = {.out = AT(p->out),
                                   .out_stride = p->out_stride,
                                   .panel = AT(p->panel),
                                   .rows = p->shape.rows,
                                   .activations = AT(p->activations),
                                   .activation_bytes = p->activation_bytes,
                                   .tokens = p->shape.tokens,
                                   .n = p->shape.n};
    variant->unpack_panel(&unpack);
    variant->gemm(&args);
    memcpy(AT(p->panel), p->panel, p->panel_bytes); /* its contents are private to the variant */
}

static void check_product(struct check *check, uint32_t type, const struct weight_kernels *reference,
                          const struct weight_kernels *variant, const struct shape *shape, unsigned weight_fill,
                          unsigned activation_fill) {
    check_case(check, shape->batch ? "batch of n" : "n", shape->n);
    check_also(check, "rows", shape->rows);
    check_also(check, "tokens", shape->tokens);
    check_also(check, "weights", weight_fill);
    check_also(check, "activations", activation_fill);
    const struct product p = add_product(check, type, reference, variant, shape);
    if (reference->activation == ACTIVATION_F32) {
        fill_floats(check, p.w, shape->rows * shape->n, type, (enum fill)weight_fill);
    } else {
        fill_blocks(check, p.w, shape->rows * p.row_bytes, type, (enum block_fill)(weight_fill % BLOCK_FILLS));
    }
    for (size_t t = 0; t < shape->tokens; t++) {
        fill_activation(check, p.activations + t * p.activation_bytes, reference->activation, shape->n,
                        activation_fill);
    }
    check_expect(check);
    multiply_reference(reference, &p);
    while (check_next_round(check)) {
        if (shape->batch) {
            multiply_batch(check, variant, &p);
        } else {
            multiply_tokens(check, variant, &p);
        }
    }
}

static size_t longest_row(size_t block_weights) { /* in blocks */
    switch (block_weights) {
    case 1:
        return 37;
    case 256:
        return 5;
    default:
        return 9;
    }
}

void check_weight(struct check *check, uint32_t type, const struct weight_kernels *reference,
                  const struct weight_kernels *variant) {
    const size_t block = type_traits(type)->block_weights;
    const size_t longest = longest_row(block);
    /* Every pair of fills, with varied shapes. */
    for (unsigned i = 0; i < FILLS * ACTIVATION_FILLS; i++) {
        const struct shape shape = {.n = block * (1 + check_below(check, longest)),
                                    .rows = 1 + check_below(check, PANEL_ROWS),
                                    .tokens = 1 + check_below(check, 5),
                                    .batch = i & 1};
        check_product(check, type, reference, variant, &shape, i / ACTIVATION_FILLS, i % ACTIVATION_FILLS);
    }
    /* Every shape. */
    for (size_t rows = 1; rows <= PANEL_ROWS; rows++) {
        for (size_t tokens = 0; tokens <= 9; tokens++) {
            const struct shape shape = {
                .n = block * (1 + (rows * 10 + tokens) % longest), .rows = rows, .tokens = tokens, .batch = true};
            check_product(check, type, reference, variant, &shape, BLOCKS_NORMAL, FILL_NORMAL);
        }
    }
    for (size_t rows = 0; rows <= 2 * PANEL_ROWS + 1; rows++) {
        for (size_t tokens = 1; tokens <= FEW_TOKENS; tokens += 1 + tokens / 4) {
            const struct shape shape = {
                .n = block * (1 + (rows + tokens) % longest), .rows = rows, .tokens = tokens, .batch = false};
            check_product(check, type, reference, variant, &shape, BLOCKS_NORMAL, FILL_NORMAL);
        }
    }
}
