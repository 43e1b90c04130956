/* The tensors of recurrent mixers. */
#include "engine/binder.h"

#define IN_SHORTCONV(field) offsetof(struct shortconv_tensors, field)

static const struct place_line shortconv_lines[] = {
    {"shortconv.in_proj.weight", PLACE_MATRIX, true, EMBD, EMBD_THRICE, 0, 0, IN_SHORTCONV(in)},
    {"shortconv.conv.weight", PLACE_VECTOR, true, TAPS, EMBD, 0, 0, IN_SHORTCONV(conv)},
    {"shortconv.out_proj.weight", PLACE_MATRIX, true, EMBD, EMBD, 0, 0, IN_SHORTCONV(out)},
};

#define LINES(binder, table, into) binder_lines(binder, table, sizeof(table) / sizeof((table)[0]), into)

void binder_recurrent(struct binder *binder, struct layer_tensors *layer, enum layer_kind kind) {
    switch (kind) {
    case LAYER_ATTENTION:
    case LAYER_LATENT:
        break;
    case LAYER_SHORTCONV:
        LINES(binder, shortconv_lines, &layer->shortconv);
        break;
    }
}
