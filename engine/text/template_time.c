/* strftime in the C locale, of UTC. */
#include "engine/text/template_interp.h"

struct date {
    int64_t year, days;                   /* days since 1970 */
    int month, day, weekday, day_of_year; /* month and day from 1, weekday from Sunday as 0, day of the year from 0 */
    int hour, minute, second;
};

/* From days to a date in the Gregorian calendar: years from March on, so that the leap day is the last; see
 * http://howardhinnant.github.io/date_algorithms.html */
static struct date date_of(int64_t seconds) {
    struct date date = {0};
    const int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    const int rest = (int)(seconds - days * 86400);
    const int64_t shifted = days + 719468;
    const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    const int day_of_era = (int)(shifted - era * 146097);
    const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int day_of_march_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int march_month = (5 * day_of_march_year + 2) / 153;
    date.days = days;
    date.day = day_of_march_year - (153 * march_month + 2) / 5 + 1;
    date.month = march_month < 10 ? march_month + 3 : march_month - 9;
    date.year = year_of_era + era * 400 + (date.month <= 2);
    const bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
    date.day_of_year = march_month < 10 ? day_of_march_year + 59 + leap : day_of_march_year - 306;
    date.weekday = (int)(((days + 4) % 7 + 7) % 7);
    date.hour = rest / 3600;
    date.minute = rest / 60 % 60;
    date.second = rest % 60;
    return date;
}

static void add_number(struct buffer *buffer, int64_t number, int width, char pad) {
    char digits[NUMBER_TEXT];
    const size_t bytes = integer_print(number, digits);
    if (pad && (size_t)width > bytes) {
        buffer_fill(buffer, pad, (size_t)width - bytes, false);
    }
    buffer_add(buffer, digits, bytes, false);
}

static void add_name(struct buffer *buffer, const char *names, int index, bool whole) {
    for (; index; index--) {
        names += strlen(names) + 1;
    }
    buffer_add(buffer, names, whole ? strlen(names) : 3, false);
}

static const char months[] =
    "January\0February\0March\0April\0May\0June\0July\0August\0September\0October\0November\0December";
static const char weekdays[] = "Sunday\0Monday\0Tuesday\0Wednesday\0Thursday\0Friday\0Saturday";

/* False for a directive that nobody knows. `pad` is what the directive's flag says, or 0 after a -. */
static bool add_directive(struct buffer *buffer, const struct date *date, int64_t seconds, char directive, char pad) {
    const int hour12 = date->hour % 12 ? date->hour % 12 : 12;
    switch (directive) {
    case 'Y':
        add_number(buffer, date->year, 0, 0);
        return true;
    case 'y':
        add_number(buffer, date->year % 100, 2, pad);
        return true;
    case 'm':
        add_number(buffer, date->month, 2, pad);
        return true;
    case 'd':
        add_number(buffer, date->day, 2, pad);
        return true;
    case 'e':
        add_number(buffer, date->day, 2, pad ? ' ' : pad);
        return true;
    case 'H':
        add_number(buffer, date->hour, 2, pad);
        return true;
    case 'I':
        add_number(buffer, hour12, 2, pad);
        return true;
    case 'M':
        add_number(buffer, date->minute, 2, pad);
        return true;
    case 'S':
        add_number(buffer, date->second, 2, pad);
        return true;
    case 'j':
        add_number(buffer, date->day_of_year + 1, 3, pad);
        return true;
    case 'w':
        add_number(buffer, date->weekday, 0, 0);
        return true;
    case 'u':
        add_number(buffer, date->weekday ? date->weekday : 7, 0, 0);
        return true;
    case 's':
        add_number(buffer, seconds, 0, 0);
        return true;
    case 'f':
        buffer_fill(buffer, '0', 6, false);
        return true;
    case 'B':
    case 'b':
    case 'h':
        add_name(buffer, months, date->month - 1, directive == 'B');
        return true;
    case 'A':
    case 'a':
        add_name(buffer, weekdays, date->weekday, directive == 'A');
        return true;
    case 'p':
        buffer_text(buffer, date->hour < 12 ? "AM" : "PM", false);
        return true;
    case 'Z': /* Python's time without a zone */
    case 'z':
        return true;
    case 'n':
        buffer_text(buffer, "\n", false);
        return true;
    case 't':
        buffer_text(buffer, "\t", false);
        return true;
    case '%':
        buffer_text(buffer, "%", false);
        return true;
    default:
        return false;
    }
}

/* Directives that stand for several. */
static const char *combined(char directive) {
    switch (directive) {
    case 'F':
        return "%Y-%m-%d";
    case 'T':
    case 'X':
        return "%H:%M:%S";
    case 'R':
        return "%H:%M";
    case 'D':
    case 'x':
        return "%m/%d/%y";
    case 'c':
        return "%a %b %e %H:%M:%S %Y";
    case 'r':
        return "%I:%M:%S %p";
    default:
        return NULL;
    }
}

void time_format(struct buffer *buffer, int64_t seconds, const struct value *format) {
    const struct date date = date_of(seconds);
    const char *text = format->string.text;
    for (size_t at = 0; at < format->string.bytes && !buffer->heap->failed; at++) {
        if (text[at] != '%') {
            buffer_slice(buffer, format, at, at + 1);
            continue;
        }
        char pad = '0';
        if (++at < format->string.bytes && (text[at] == '-' || text[at] == '_')) {
            pad = text[at++] == '-' ? 0 : ' ';
        }
        const char directive = at < format->string.bytes ? text[at] : 0;
        const char *several = combined(directive);
        for (size_t i = 0; several && several[i]; i++) {
            if (several[i] != '%') {
                buffer_add(buffer, several + i, 1, false);
            } else {
                i++;
                add_directive(buffer, &date, seconds, several[i], '0');
            }
        }
        if (!several && !add_directive(buffer, &date, seconds, directive, pad)) {
            WRONG(buffer->heap, "strftime_now does not know all of the format's directives");
        }
    }
}
