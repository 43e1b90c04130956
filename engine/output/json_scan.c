/* A JSON text as a state machine. */
#include "engine/output/json_scan.h"

enum {
    VALUE,
    FIRST_ITEM,
    FIRST_KEY,
    KEY,
    COLON,
    BEHIND,
    STRING,
    ESCAPE,
    HEX,
    WORD,
    MINUS,
    ZERO,
    INT,
    DOT,
    FRACTION,
    E,
    SIGN,
    EXPONENT
};

static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

static bool is_space(char byte) { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; }

static bool is_hex(char byte) { return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F'); }

static size_t depth(const struct json_scan *scan) { return scan->open ? scan->open->bytes : 0; }

static enum json_status go(struct json_scan *scan, uint8_t state) {
    scan->state = state;
    return JSON_MORE;
}

/* A value has ended with this byte. */
static enum json_status ended(struct json_scan *scan) {
    scan->state = BEHIND;
    return depth(scan) ? JSON_MORE : JSON_DONE;
}

static bool in_object(const struct json_scan *scan) { return depth(scan) && scan->open->at[depth(scan) - 1] == '{'; }

static enum json_status opened(struct json_scan *scan, char bracket) {
    if (scan->open == NULL) {
        return JSON_WRONG;
    }
    text_put(scan->open, bracket);
    return scan->open->failed ? JSON_WRONG : go(scan, bracket == '{' ? FIRST_KEY : FIRST_ITEM);
}

static enum json_status closed(struct json_scan *scan) {
    scan->open->bytes--;
    return ended(scan);
}

static enum json_status word(struct json_scan *scan, const char *rest) {
    scan->word = rest;
    return go(scan, WORD);
}

static enum json_status value(struct json_scan *scan, char byte) {
    switch (byte) {
    case '{':
    case '[':
        return opened(scan, byte);
    case '"':
        scan->key = false;
        return go(scan, STRING);
    case '-':
        return go(scan, MINUS);
    case 't':
        return word(scan, "rue");
    case 'f':
        return word(scan, "alse");
    case 'n':
        return word(scan, "ull");
    default:
        return is_digit(byte) ? go(scan, byte == '0' ? ZERO : INT) : JSON_WRONG;
    }
}

/* Between the parts of containers. */
static enum json_status structure(struct json_scan *scan, char byte) {
    if (is_space(byte)) {
        return JSON_MORE;
    }
    switch (scan->state) {
    case FIRST_ITEM:
        return byte == ']' ? closed(scan) : value(scan, byte);
    case FIRST_KEY:
    case KEY:
        if (byte == '"') {
            scan->key = true;
            return go(scan, STRING);
        }
        return byte == '}' && scan->state == FIRST_KEY ? closed(scan) : JSON_WRONG;
    case COLON:
        return byte == ':' ? go(scan, VALUE) : JSON_WRONG;
    case BEHIND:
        if (byte == ',') {
            return go(scan, in_object(scan) ? KEY : VALUE);
        }
        return byte == (in_object(scan) ? '}' : ']') ? closed(scan) : JSON_WRONG;
    default:
        return value(scan, byte);
    }
}

static enum json_status string(struct json_scan *scan, char byte) {
    if (scan->state == ESCAPE) {
        scan->count = 4;
        for (const char *escape = "\"\\/bfnrt"; *escape; escape++) {
            if (byte == *escape) {
                return go(scan, STRING);
            }
        }
        return byte == 'u' ? go(scan, HEX) : JSON_WRONG;
    }
    if (scan->state == HEX) {
        scan->state = --scan->count ? HEX : STRING;
        return is_hex(byte) ? JSON_MORE : JSON_WRONG;
    }
    if (byte == '"' && scan->key) {
        return go(scan, COLON);
    }
    if (byte == '"') {
        return ended(scan);
    }
    if (byte == '\\') {
        return go(scan, ESCAPE);
    }
    return (uint8_t)byte < ' ' ? JSON_WRONG : JSON_MORE;
}

/* The state after this byte of a number; 0 if the byte does not belong to it. */
static uint8_t number(uint8_t state, char byte) {
    const bool exponent = (byte == 'e' || byte == 'E') && (state == ZERO || state == INT || state == FRACTION);
    if (is_digit(byte)) {
        static const uint8_t next[] = {[MINUS] = INT,  [INT] = INT,       [DOT] = FRACTION,     [FRACTION] = FRACTION,
                                       [E] = EXPONENT, [SIGN] = EXPONENT, [EXPONENT] = EXPONENT};
        return state == MINUS && byte == '0' ? ZERO : next[state];
    }
    if (exponent) {
        return E;
    }
    if (byte == '.') {
        return state == ZERO || state == INT ? DOT : 0;
    }
    return state == E && (byte == '+' || byte == '-') ? SIGN : 0;
}

enum json_status json_scan(struct json_scan *scan, char byte) {
    if (scan->state < STRING) {
        return structure(scan, byte);
    }
    if (scan->state < WORD) {
        return string(scan, byte);
    }
    if (scan->state == WORD) {
        if (byte != *scan->word++) {
            return JSON_WRONG;
        }
        return *scan->word ? JSON_MORE : ended(scan);
    }
    const uint8_t next = number(scan->state, byte);
    if (next) {
        return go(scan, next);
    }
    const bool whole = scan->state == ZERO || scan->state == INT || scan->state == FRACTION || scan->state == EXPONENT;
    if (!whole) {
        return JSON_WRONG;
    }
    scan->state = BEHIND;
    return depth(scan) ? structure(scan, byte) : JSON_BEHIND;
}
