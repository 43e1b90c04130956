/* seeds_grammar <folder>: writes the seeds of fuzz_grammar: a grammar of each notation, with a text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    char notation; /* see fuzz_grammar.c */
    const char *grammar, *text;
} seeds[] = {
    {0, "root ::= list\nlist ::= list \",\" [0-9]{1,3} | \"[\" list? \"]\" # x", "[1,22],3"},
    {0, "root ::= (<[3]> | !<[4]>)* \"\\x41\\u00e9\" .? [^a-z]{2,} y+\ny ::= \"b\" y | \"\"", "A\xc3\xa9zz99bb"},
    {1, "^(a|b{2,3}?)*[^\\d\\s-z]\\u00e9?$", "abbb!"},
    {1, "(?:[\\w.]+@)+x{0,9}|[\\x20-\\x7e]*", "a.b@xx"},
    {2, "{}", "{\"a\":[1.5e3,null,true,\"\\u00e9\"]}"},
    {2,
     "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":-5,\"maximum\":120},\"b\":{\"enum\":"
     "[\"x\","
     "1,null]}},\"required\":[\"b\"],\"patternProperties\":{\"^c\":{\"multipleOf\":0.5}},\"additionalProperties\":"
     "false}",
     "{\"a\":7,\"b\":null,\"c\":1.5}"},
    {2,
     "{\"$defs\":{\"t\":{\"$anchor\":\"t\",\"type\":[\"object\",\"null\"],\"properties\":{\"n\":{\"$ref\":\"#t\"}}}},"
     "\"$ref\":\"#/$defs/t\"}",
     "{\"n\":{\"n\":null}}"},
    {2,
     "{\"anyOf\":[{\"type\":\"string\",\"pattern\":\"a+\",\"maxLength\":9},{\"oneOf\":[{\"const\":[1,{}]},{"
     "\"minItems\":2}]}],"
     "\"not\":{\"const\":\"aa\"},\"if\":{\"type\":\"array\"},\"then\":{\"contains\":{\"minimum\":3},\"maxContains\":2}"
     "}",
     "\"baab\""},
    {6,
     "{\"prefixItems\":[{\"format\":\"date-time\"},{\"dependentRequired\":{\"a\":[\"b\"]},\"propertyNames\":{"
     "\"maxLength\":3},"
     "\"minProperties\":1}],\"items\":{\"dependentSchemas\":{\"a\":false}},\"type\":\"array\",\"maxItems\":4}",
     "[ \"2024-02-29T10:00:00Z\" , {\"a\":1,\"b\":2}, [ ] ]"},
};

int main(int argc, char **argv) {
    if (argc != 2) {
        return 1;
    }
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%zu", argv[1], i);
        FILE *file = fopen(path, "wb");
        if (file == NULL) {
            perror(path);
            return 1;
        }
        fputc(seeds[i].notation, file);
        fputs(seeds[i].grammar, file);
        fputc(0, file);
        fputs(seeds[i].text, file);
        fclose(file);
    }
    return 0;
}
