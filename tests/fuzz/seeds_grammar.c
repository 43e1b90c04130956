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
    /* references */
    {2,
     "{\"$id\":\"http://a.example/b/c?d#\",\"$defs\":{\"x\":{\"$id\":\"x/y\",\"$anchor\":\"z\",\"type\":\"null\"},"
     "\"r\":{\"$ref\":\"/b/x/y#z\"},\"s\":{\"$ref\":\"//a.example/b/x/y\"},\"e\":{\"$id\":\"urn:u\",\"$ref\":\"http://"
     "a.example"
     "/b/x/y\"},\"a~b/c%\":[{\"const\":1}]},\"anyOf\":[{\"$ref\":\"x/y#z\"},{\"$ref\":\"#/$defs/r\"},{\"$ref\":\"#/"
     "$defs/s\"},"
     "{\"$ref\":\"#/$defs/a~0b~1c%25/0\"},{\"$ref\":\"urn:u\"},{\"$dynamicRef\":\"x/y#z\"}]}",
     "null"},
    {2,
     "{\"definitions\":{\"l\":{\"$dynamicAnchor\":\"n\",\"items\":{\"$dynamicRef\":\"#n\"}}},\"$ref\":\"#/definitions/"
     "l\","
     "\"$schema\":\"http://json-schema.org/draft-04/schema#\",\"$recursiveAnchor\":true}",
     "[[]]"},
    {2, "{\"$ref\":1}", ""},
    {2, "{\"$id\":1}", ""},
    {2, "{\"$anchor\":1}", ""},
    {2, "{\"$schema\":\"http://other.example\"}", ""},
    {2, "{\"$ref\":\"http://other.example\"}", ""},
    {2, "{\"$ref\":\"#/a\"}", ""},
    {2, "{\"a\":[1],\"$ref\":\"#/a/01\"}", ""},
    {2, "{\"$ref\":\"#none\"}", ""},
    {2,
     "{\"$dynamicRef\":\"#n\",\"$defs\":{\"a\":{\"$id\":\"a\",\"$dynamicAnchor\":\"n\"},\"b\":{\"$dynamicAnchor\":"
     "\"n\"},"
     "\"c\":{\"$id\":\"c\",\"$dynamicAnchor\":\"n\"}}}",
     "1"},
    /* branches that exclude each other */
    {2,
     "{\"oneOf\":[{\"properties\":{\"k\":{\"const\":\"a\"},\"v\":{\"type\":\"integer\"}},\"required\":[\"k\"],\"type\":"
     "\"object\"},{\"properties\":{\"k\":{\"enum\":[\"b\",\"c\"]}},\"required\":[\"v\",\"k\"],\"type\":\"object\"},{"
     "\"type\":["
     "\"array\",\"string\"]},{\"const\":7}]}",
     "{\"k\":\"b\",\"v\":1}"},
    {2,
     "{\"oneOf\":[{\"enum\":[1,2]},{\"enum\":[2,3]},{\"properties\":{\"a\":{\"type\":\"string\"}},\"type\":\"object\"},"
     "{\"properties\":{\"a\":{\"type\":\"null\"}},\"type\":\"object\"}]}",
     "{\"a\":null}"},
    {2,
     "{\"not\":{\"anyOf\":[{\"type\":[\"string\",\"null\"]},{\"required\":[\"a\"]},{\"minItems\":2},{\"maxItems\":0},{"
     "\"minimum\":3},{\"multipleOf\":2},{\"pattern\":\"a\"},{\"maxLength\":1},{\"properties\":{\"b\":{\"const\":1}}}]}"
     "}",
     "{\"b\":2}"},
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
