/* The matrix products: gemv, and panel with gemm, against the contract's gemv, token by token. */
#include "check.h"

#include "platform/memory.h"

/* Where a block has its f16 scales; absent types are made of any bytes, scales too. */
struct halves {
    uint32_t type;
    unsigned count;
    unsigned at[2];
};
static const struct halves scales[] = {
    {TYPE_Q4_0, 1, {0, 0}},    {TYPE_Q4_1, 2, {0, 2}},    {TYPE_Q5_0, 1, {0, 0}},   {TYPE_Q5_1, 2, {0, 2}},
    {TYPE_Q8_0, 1, {0, 0}},    {TYPE_Q2_K, 2, {80, 82}},  {TYPE_Q3_K, 1, {108, 0}}, {TYPE_Q4_K, 2, {0, 2}},
    {TYPE_Q5_K, 2, {0, 2}},    {TYPE_Q6_K, 1, {208, 0}},  {TYPE_IQ4_NL, 1, {0, 0}}, {TYPE_IQ4_XS, 1, {0, 0}},
    {TYPE_TQ1_0, 1, {52, 0}},  {TYPE_TQ2_0, 1, {64, 0}},  {TYPE_Q1_0, 1, {0, 0}},   {TYPE_Q2_0, 1, {0, 0}},
    {TYPE_IQ1_S, 1, {0, 0}},   {TYPE_IQ2_XXS, 1, {0, 0}}, {TYPE_IQ2_XS, 1, {0, 0}}, {TYPE_IQ2_S, 1, {0, 0}},
    {TYPE_IQ3_XXS, 1, {0, 0}}, {TYPE_IQ3_S, 1, {0, 0}},
};

/* Bytes of blocks: each fill with scales of its own. */
enum bytes {
    BYTES_RANDOM,   /* scales too: infinities and NaNs among them */
    BYTES_NORMAL,   /* random codes, scales as a model has them */
    BYTES_LOWEST,   /* every byte 0 but the scales */
    BYTES_LARGEST,  /* every byte 255 but the scales */
    BYTES_SIGN,     /* every byte 128 but the scales: the lowest of a signed code */
    BYTES_TINY,     /* random codes, subnormal scales */
    BYTES_INFINITE, /* random codes, some scales infinite */
    BYTES_FILLS
};

static void put_half(uint8_t *at, uint16_t half) {
    at[0] = (uint8_t)half;
    at[1] = (uint8_t)(half >> 8);
}

static uint16_t scale_half(struct check *check, enum bytes fill) {
    const uint32_t random = check_random(check);
    switch (fill) {
    case BYTES_TINY:
        return (uint16_t)(random & 0x83ff);
    case BYTES_INFINITE:
        return random & 0x70000 ? (uint16_t)(0x2400 + (random & 0x8fff)) : (uint16_t)(0x7c00 | (random & 0x8000));
    default: /* 2^-11 to 2^-3, either sign */
        return (uint16_t)(0x1000 + (random & 0x9fff));
    }
}

static void fill_blocks(struct check *check, uint8_t *w, size_t bytes, uint32_t type, enum bytes fill) {
    for (size_t i = 0; i < bytes; i++) {
        const uint8_t random = (uint8_t)check_random(check);
        w[i] = fill == BYTES_LOWEST ? 0 : fill == BYTES_LARGEST ? 255 : fill == BYTES_SIGN ? 128 : random;
    }
    if (fill == BYTES_RANDOM) {
        return;
    }
    const size_t block = type_traits(type)->block_bytes;
    for (unsigned k = 0; k < sizeof scales / sizeof *scales; k++) {
        for (size_t at = 0; scales[k].type == type && at < bytes; at += block) {
            for (unsigned i = 0; i < scales[k].count; i++) {
                put_half(w + at + scales[k].at[i], scale_half(check, fill));
            }
        }
    }
}

/* Weights that are floats themselves take the fills of floats. */
static void fill_floats(struct check *check, uint8_t *w, size_t count, uint32_t type, enum fill fill) {
    enum { CHUNK = 64 };
    for (size_t i = 0; i < count; i += CHUNK) {
        float values[CHUNK];
        uint16_t halves[CHUNK];
        const size_t some = count - i < CHUNK ? count - i : CHUNK;
        check_fill(check, values, some, fill);
        check_fill_halves(check, halves, some, fill);
        for (size_t k = 0; k < some; k++) {
            uint32_t bits;
            memcpy(&bits, &values[k], sizeof bits);
            if (type == TYPE_F32) {
                memcpy(w + 4 * (i + k), &bits, 4);
            } else {
                put_half(w + 2 * (i + k), type == TYPE_F16 ? halves[k] : (uint16_t)(bits >> 16));
            }
        }
    }
}

/* Activations beyond check_fill's: quants that are all the largest, of one sign. */
enum { FILL_ONES = FILLS, ACTIVATION_FILLS };

static void fill_activation(struct check *check, uint8_t *row, enum activation_kind kind, size_t n, unsigned fill) {
    static void (*const quantize[])(uint8_t *, const float *, size_t) = {
        activation_quantize_f32, activation_quantize_q8_0, activation_quantize_q8_1, activation_quantize_q8_K};
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
    bool batch; /* panel and gemm, at most PANEL_ROWS rows; else gemv */
};

static void check_product(struct check *check, uint32_t type, const struct weight_kernels *contract,
                          const struct weight_kernels *variant, const struct shape *shape, unsigned bytes_fill,
                          unsigned activation_fill) {
    const struct type_traits *traits = type_traits(type);
    const size_t n = shape->n;
    const size_t row_bytes = n / traits->block_weights * traits->block_bytes;
    const size_t activation_bytes = activation_layout(contract->activation, n).bytes;
    const size_t stride = shape->rows + check_below(check, 4);
    const size_t panel_size =
        !shape->batch ? 0 : (n / traits->block_weights * variant->panel_block_bytes + 63) & ~(size_t)63;
    check_case(check, shape->batch ? "batch of n" : "n", n);
    check_also(check, "rows", shape->rows);
    check_also(check, "tokens", shape->tokens);
    check_also(check, "weights", bytes_fill);
    check_also(check, "activations", activation_fill);
    float *out = check_floats(check, shape->tokens ? (shape->tokens - 1) * stride + shape->rows : 0);
    uint8_t *w = check_bytes(check, shape->rows * row_bytes);
    uint8_t *activations = check_bytes(check, shape->tokens * activation_bytes);
    uint8_t *panel = check_bytes(check, panel_size);
    if (contract->activation == ACTIVATION_F32) {
        fill_floats(check, w, shape->rows * n, type, (enum fill)bytes_fill);
    } else {
        fill_blocks(check, w, shape->rows * row_bytes, type, (enum bytes)(bytes_fill % BYTES_FILLS));
    }
    for (size_t t = 0; t < shape->tokens; t++) {
        fill_activation(check, activations + t * activation_bytes, contract->activation, n, activation_fill);
    }
    check_expect(check);
    for (size_t t = 0; t < shape->tokens; t++) {
        const struct gemv_args args = {.out = out + t * stride,
                                       .w = w,
                                       .row_bytes = row_bytes,
                                       .rows = shape->rows,
                                       .activation = activations + t * activation_bytes,
                                       .n = n};
        contract->gemv(&args);
    }
    while (check_place(check)) {
        if (shape->batch) {
            const struct panel_args unpack = {
                .panel = AT(panel), .w = AT(w), .row_bytes = row_bytes, .rows = shape->rows, .n = n};
            const struct gemm_args args = {.out = AT(out),
                                           .out_stride = stride,
                                           .panel = AT(panel),
                                           .rows = shape->rows,
                                           .activations = AT(activations),
                                           .activation_bytes = activation_bytes,
                                           .tokens = shape->tokens,
                                           .n = n};
            variant->unpack_panel(&unpack);
            variant->gemm(&args);
            memcpy(AT(panel), panel, panel_size); /* what lies in it is the variant's affair */
            continue;
        }
        for (size_t t = 0; t < shape->tokens; t++) {
            const struct gemv_args args = {.out = AT(out + t * stride),
                                           .w = AT(w),
                                           .row_bytes = row_bytes,
                                           .rows = shape->rows,
                                           .activation = AT(activations + t * activation_bytes),
                                           .n = n};
            variant->gemv(&args);
        }
    }
}

void check_weight(struct check *check, uint32_t type, const struct weight_kernels *contract,
                  const struct weight_kernels *variant) {
    const size_t block = type_traits(type)->block_weights;
    const size_t longest = block == 1 ? 37 : block == 256 ? 5 : 9; /* in blocks */
    /* Every fill of either side, at varied shapes; then every shape. */
    for (unsigned i = 0; i < FILLS * ACTIVATION_FILLS; i++) {
        const struct shape shape = {block * (1 + check_below(check, longest)), 1 + check_below(check, PANEL_ROWS),
                                    1 + check_below(check, 5), i & 1};
        check_product(check, type, contract, variant, &shape, i / ACTIVATION_FILLS, i % ACTIVATION_FILLS);
    }
    for (size_t rows = 1; rows <= PANEL_ROWS; rows++) {
        for (size_t tokens = 0; tokens <= 9; tokens++) {
            const struct shape shape = {block * (1 + (rows * 10 + tokens) % longest), rows, tokens, true};
            check_product(check, type, contract, variant, &shape, BYTES_NORMAL, FILL_NORMAL);
        }
    }
    for (size_t rows = 0; rows <= 2 * PANEL_ROWS + 1; rows++) {
        const struct shape shape = {block * (1 + rows % longest), rows, 1, false};
        check_product(check, type, contract, variant, &shape, BYTES_NORMAL, FILL_NORMAL);
    }
}
