/* Formats of strings as regular expressions: date-time and its parts (RFC 3339), e-mail (RFC 5321, without quoted names
 * and address literals), host names (RFC 1123), IP addresses (RFC 2673, RFC 4291), URIs (RFC 3986), UUIDs (RFC 9562),
 * JSON pointers (RFC 6901). Where a format has rare forms, an expression may leave some out; it never accepts more. */
#include "engine/grammar/formats.h"

#include "engine/grammar/pattern.h"

#define DATE                                                                                                           \
    "(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2" \
    "[0-8]))|(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
#define TIME          "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?(?:[Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)"
#define DURATION_TIME "T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)"
#define DURATION                                                                                                       \
    "P(?:\\d+W|(?:\\d+D|\\d+M(?:\\d+D)?|\\d+Y(?:\\d+M(?:\\d+D)?)?)(?:" DURATION_TIME ")?|" DURATION_TIME ")"
#define LABEL "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define HOST  LABEL "(?:\\." LABEL ")*"
#define ATOM  "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
#define EMAIL ATOM "(?:\\." ATOM ")*@" HOST
#define OCTET "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define IPV4  OCTET "(?:\\." OCTET "){3}"
#define H16   "[0-9A-Fa-f]{1,4}"
#define LS32  "(?:" H16 ":" H16 "|" IPV4 ")"
#define IPV6                                                                                                           \
    "(?:(?:" H16 ":){6}" LS32 "|::(?:" H16 ":){5}" LS32 "|(?:" H16 ")?::(?:" H16 ":){4}" LS32 "|(?:(?:" H16            \
    ":){0,1}" H16 ")?::(?:" H16 ":){3}" LS32 "|(?:(?:" H16 ":){0,2}" H16 ")?::(?:" H16 ":){2}" LS32 "|(?:(?:" H16      \
    ":){0,3}" H16 ")?::" H16 ":" LS32 "|(?:(?:" H16 ":){0,4}" H16 ")?::" LS32 "|(?:(?:" H16 ":){0,5}" H16 ")?::" H16   \
    "|(?:(?:" H16 ":){0,6}" H16 ")?::)"
#define UUID    "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
#define ESCAPED "%[0-9A-Fa-f]{2}"
#define PCHAR   "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|" ESCAPED ")"
#define AUTHORITY                                                                                                      \
    "(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|" ESCAPED ")*@)?(?:\\[" IPV6 "\\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|" ESCAPED       \
    ")*)(?::\\d*)?"
#define PATH "(?:/" PCHAR "*)*"
#define URI                                                                                                            \
    "[A-Za-z][A-Za-z0-9+.-]*:(?://" AUTHORITY PATH "|/(?:" PCHAR "+" PATH ")?|" PCHAR "+" PATH "|)(?:\\?(?:" PCHAR     \
    "|[/?])*)?(?:#(?:" PCHAR "|[/?])*)?"
#define JSON_POINTER "(?:/(?:[^~/]|~[01])*)*"

uint32_t format_node(struct regular *regular, const struct value *name) {
    static const struct {
        const char *name, *expression;
    } formats[] = {
        {"date", DATE},
        {"time", TIME},
        {"date-time", DATE "[Tt]" TIME},
        {"duration", DURATION},
        {"email", EMAIL},
        {"hostname", HOST},
        {"ipv4", IPV4},
        {"ipv6", IPV6},
        {"uuid", UUID},
        {"uri", URI},
        {"json-pointer", JSON_POINTER},
        {"relative-json-pointer", "(?:0|[1-9]\\d*)(?:#|" JSON_POINTER ")"},
    };
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (value_is_text(name, formats[i].name)) {
            struct pattern_error error;
            const char *text = formats[i].expression;
            return pattern_node(regular, text, strlen(text), ENCODING_JSON, true, &error);
        }
    }
    return REGULAR_EMPTY;
}
