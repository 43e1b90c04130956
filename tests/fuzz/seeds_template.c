/* seeds_template <folder>: writes the seeds of fuzz_template: small templates, with the target's context and with
 * others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const templates[] = {
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m.content | default('', true) | trim }}{% endfor "
    "%}",
    "{% macro m(a, b=[1]) %}{{ a ~ b }}{{ caller(a) if caller }}{% endmacro %}{% call(x) m(2) %}{{ x }}{% endcall %}",
    "{%- set ns = namespace(a=0) -%}{% for i in range(9) if i % 2 %}{% set ns.a = ns.a + i %}{% break %}{% endfor %}{{ "
    "ns.a }}",
    "{{ tools | tojson(indent=2) }}{{ messages | map(attribute='role') | unique | list }}{{ tools[0].function.items() "
    "}}",
    "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ {'b': 1, 'a': 2} | "
    "dictsort(reverse=true) }}",
    "{{ '%5.2f|%-5s|%05d|%x|%(a)s' % {'a': 1} }}{{ '{:>5}|{0!r}|{a.b[0]:,.2f}'.format(1, a=2) }}",
    "{{ 'a,b c'.split(',')[0][::-1].title().center(9, '*').partition('a') }}{{ 'x'.join(['a']).replace('a', 'b', 1) }}",
    "{% filter upper %}{% raw %}{{ x }}{% endraw %}{% endfilter %}{# c #}{% generation %}{% endgeneration %}",
    "{{ strftime_now('%Y-%m-%d %H:%M:%S %j') }}{{ 1.5e3 // 2 ** 0.5 - -7 % 3 }}{{ 1 < 2 <= 3 != 4 and not 1 in [2] }}",
    "{{ strftime_now('%A %a %B %b %d %e %H %I %M %p %S %f %y %Y %j %U %w %Z %z %% %-d %q') }}{{ strftime_now('%') }}",
    "{% with a = 1, b = 2 %}{% set (c, d) = (a, b) %}{% set e | trim %} x {% endset %}{{ c }}{{ e }}{% endwith %}",
    "{{ raise_exception('no') }}",
    "{{ x | tojson }}{{ x | sort | list }}{{ x | groupby('k') }}",
};

static const char *const contexts[] = {
    "{}",
    "{\"x\": [{\"k\": 1}, {\"k\": \"\\ud83e\\udd89\\u00e9\\\\\"}, {\"k\": [1.5e-7, null, true, -0]}], \"messages\": "
    "[]}",
};

static void write_seed(const char *folder, size_t number, const char *text, size_t bytes, const char *json) {
    char path[4096];
    snprintf(path, sizeof(path), "%s/%zu", folder, number);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(text, 1, bytes, file) != bytes) {
        perror(path);
        exit(1);
    }
    if (json) {
        fputc(0, file);
        fputs(json, file);
    }
    fclose(file);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        return 1;
    }
    size_t number = 0;
    for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
        write_seed(argv[1], number++, templates[i], strlen(templates[i]), NULL);
        for (size_t j = 0; j < sizeof(contexts) / sizeof(contexts[0]); j++) {
            write_seed(argv[1], number++, templates[i], strlen(templates[i]), contexts[j]);
        }
    }
    return 0;
}
