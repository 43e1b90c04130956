/* Formats dates as strftime does in the C locale. */
#include "engine/text/template/strftime.h"

#include "engine/text/json/number.h"

enum field { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, WEEKDAY, DAY_OF_YEAR, HOUR_12, SHORT_YEAR, FIELDS };

/* Computes the date in the Gregorian calendar. Years are counted from March, so that the leap day is the last day of
 * the year; see http://howardhinnant.github.io/date_algorithms.html. Months and days start at 1, weekdays at 0 for
 * Sunday. */
static void set_fields(int64_t seconds, int field[FIELDS]) {
    const int days = (int)((seconds + 62135596800) / 86400 + 306); /* since March 1 of the year 0 */
    const int seconds_of_day = (int)((seconds + 62135596800) % 86400);
    const int era = days / 146097;
    const int day = days % 146097;
    const int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    const int march_day = day - (365 * year + year / 4 - year / 100);
    const int march_month = (5 * march_day + 2) / 153;
    field[DAY] = march_day - (153 * march_month + 2) / 5 + 1;
    field[MONTH] = march_month < 10 ? march_month + 3 : march_month - 9;
    field[YEAR] = year + era * 400 + (field[MONTH] <= 2);
    const bool leap = (field[YEAR] % 4 == 0 && field[YEAR] % 100 != 0) || field[YEAR] % 400 == 0;
    field[DAY_OF_YEAR] = march_month < 10 ? march_day + 60 + leap : march_day - 305;
    field[WEEKDAY] = (days + 3) % 7;
    field[HOUR] = seconds_of_day / 3600;
    field[MINUTE] = seconds_of_day / 60 % 60;
    field[SECOND] = seconds_of_day % 60;
    field[HOUR_12] = field[HOUR] % 12 ? field[HOUR] % 12 : 12;
    field[SHORT_YEAR] = field[YEAR] % 100;
}

static void add_name(struct buffer *buffer, const char *names, int index, bool whole) {
    for (; index; index--) {
        names += strlen(names) + 1;
    }
    buffer_add(buffer, names, whole ? strlen(names) : 3, false);
}

/* Directives that print a number. */
static const struct {
    char letter;
    uint8_t field, width;
} numbers[] = {{'Y', YEAR, 1},        {'m', MONTH, 2},   {'d', DAY, 2},       {'e', DAY, 2},
               {'H', HOUR, 2},        {'M', MINUTE, 2},  {'S', SECOND, 2},    {'w', WEEKDAY, 1},
               {'j', DAY_OF_YEAR, 3}, {'I', HOUR_12, 2}, {'y', SHORT_YEAR, 2}};
static void add_directive(struct buffer *buffer, const int field[FIELDS], char letter, bool plain) {
    static const char months[] = "January\0February\0March\0April\0May\0June\0July\0August\0September\0October\0"
                                 "November\0December";
    static const char weekdays[] = "Sunday\0Monday\0Tuesday\0Wednesday\0Thursday\0Friday\0Saturday";
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (letter == numbers[i].letter) {
            const int number = field[numbers[i].field];
            const int width = plain ? 1 : numbers[i].width;
            const char pad = letter == 'e' ? ' ' : '0';
            size_t missing = width > 2 && number < 100;
            missing += width > 1 && number < 10;
            buffer_fill(buffer, pad, missing, false);
            buffer_integer(buffer, number, false);
            return;
        }
    }
    switch (letter) {
    case 'B':
    case 'b':
        add_name(buffer, months, field[MONTH] - 1, letter == 'B');
        break;
    case 'A':
    case 'a':
        add_name(buffer, weekdays, field[WEEKDAY], letter == 'A');
        break;
    case 'p':
        buffer_text(buffer, field[HOUR] < 12 ? "AM" : "PM", false);
        break;
    case 'Z': /* empty, as for Python's naive datetime */
    case 'z':
        break;
    case '%':
        buffer_put(buffer, '%', false);
        break;
    default:
        sandbox_fail(buffer->box, "strftime_now: the format has an unknown directive");
    }
}

void time_format(struct buffer *buffer, int64_t seconds, const struct value *format) {
    const char *text = format->string.text;
    const size_t bytes = format->string.bytes;
    int field[FIELDS];
    set_fields(seconds, field);
    for (size_t at = 0; at < bytes; at++) {
        if (text[at] != '%' || at + 1 == bytes) {
            buffer_put(buffer, text[at], false);
            continue;
        }
        const bool plain = text[++at] == '-' && at + 1 < bytes;
        at += plain;
        add_directive(buffer, field, text[at], plain);
    }
}
