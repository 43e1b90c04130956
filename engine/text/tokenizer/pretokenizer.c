/* The table of pre-tokenizers, and the iteration over the words of a text. */
#include "engine/text/tokenizer/pretokenizer.h"

#include "engine/text/tokenizer/split_patterns.h"
#include "engine/text/tokenizer/word_patterns.h"
#include "engine/text/unicode/unicode.h"
#include "platform/memory.h"

#define LINES        (WORD_TAIL_LINES | WORD_LINES)
#define WORDS_LLAMA3 (WORD_CONTRACTIONS | WORD_NUMBERS_3 | LINES)
#define WORDS_QWEN2  (WORD_CONTRACTIONS | WORD_NUMBER | LINES)
#define WORDS_GPT4O  (WORD_CASED | WORD_SUFFIXES | WORD_NUMBERS_3 | WORD_TAIL_SLASHES | WORD_LINES)
#define END          {NULL, 0}
#define GPT2         {match_gpt2, 0}
#define WORDS(rule)  {match_words, (rule)}
#define NUMBER       {match_one, CLASS_NUMBER}
#define NUMBERS_3    {match_three, CLASS_NUMBER}
#define NUMBERS      {match_run, CLASS_NUMBER}

static const struct pattern gpt2[] = {GPT2, END};
static const struct pattern smollm[] = {NUMBER, GPT2, END};
static const struct pattern common[] = {{match_punctuation, 0}, GPT2, NUMBERS, {match_digits, 0}, END};
static const struct pattern falcon[] = {{match_punctuation, 1}, GPT2, {match_digits, 0}, END};
static const struct pattern llama3[] = {WORDS(WORDS_LLAMA3), END};
static const struct pattern jais2[] = {WORDS(WORDS_LLAMA3 | WORD_SPACES_POWERS), END};
static const struct pattern minicpm5[] = {NUMBERS_3, WORDS(WORD_CONTRACTIONS | WORD_NUMBERS | LINES), END};
static const struct pattern qwen2[] = {WORDS(WORDS_QWEN2), END};
static const struct pattern qwen35[] = {WORDS(WORDS_QWEN2 | WORD_MARKS | WORD_SYMBOLS_NO_MARKS), END};
static const struct pattern ufakzeka[] = {WORDS(WORD_NUMBER | LINES), END};
static const struct pattern laguna[] = {{match_lines, 0}, WORDS(WORDS_QWEN2), END};
static const struct pattern seed_coder[] = {WORDS(WORD_CONTRACTIONS | WORD_NUMBER | WORD_LINES), END};
static const struct pattern exaone_moe[] = {
    WORDS(WORD_CONTRACTIONS | WORD_PHRASES | WORD_NUMBER | WORD_TAIL_ONE | WORD_LINES), END};
static const struct pattern tekken[] = {WORDS(WORD_CASED | WORD_NUMBER | WORD_TAIL_SLASHES | WORD_LINES), END};
static const struct pattern gpt4o[] = {WORDS(WORDS_GPT4O), END};
static const struct pattern granite_multi[] = {WORDS(WORDS_GPT4O | WORD_MARKS), END};
static const struct pattern tiny_aya[] = {
    {match_thousands_afmoe, 0},
    WORDS(WORD_MARKS | WORD_SUFFIXES | WORD_NUMBERS_3 | WORD_TAIL_SLASHES | WORD_LINES),
    END};
static const struct pattern youtu[] = {
    {match_youtu, 0}, WORDS(WORD_MARKS | WORD_SUFFIXES | WORD_NUMBER | WORD_TAIL_SLASHES | WORD_LINES), END};
static const struct pattern kimi_k2[] = {WORDS(WORD_HAN | WORD_SUFFIXES | WORD_NUMBERS_3 | LINES), END};
static const struct pattern deepseek_llm[] = {{match_line_end, 0},
                                              {match_spaced_set, SET_LETTERS},
                                              {match_spaced_set, SET_PUNCTUATION},
                                              {match_trailing, 0},
                                              {match_set, SET_CJK},
                                              NUMBERS,
                                              END};
static const struct pattern deepseek_coder[] = {{match_line_end, 0},
                                                {match_spaced_run, CLASS_LETTER},
                                                {match_spaced_run, CLASS_PUNCTUATION},
                                                {match_set, SET_CJK},
                                                NUMBER,
                                                END};
static const struct pattern deepseek_v3[] = {NUMBERS_3, {match_set, SET_CJK_KANA}, WORDS(WORD_DEEPSEEK | LINES), END};
static const struct pattern spark2_5[] = {
    NUMBERS_3, {match_set, SET_CJK_KANA}, WORDS(WORD_DEEPSEEK | WORD_LINE_ONE), NUMBER, END};
static const struct pattern afmoe[] = {
    {match_thousands_afmoe, 0}, {match_set, SET_AFMOE}, WORDS(WORD_DEEPSEEK | LINES), END};
static const struct pattern bloom[] = {{match_bloom, 0}, END};
static const struct pattern viking[] = {{match_bloom, 0}, NUMBER, END};
static const struct pattern superbpe[] = {NUMBERS, {match_thousands, 0}, END};
static const struct pattern chameleon[] = {
    {match_sentinel, 0}, {match_image, 0}, {match_blank, 0}, NUMBER, {match_symbol, 0}, GPT2, END};
static const struct pattern lines[] = {{match_lines, 0}, END};
static const struct pattern whitespace[] = {{match_non_space, 0}, END};

#define LLAMA3_FLAGS (PRE_IGNORE_MERGES | PRE_ADD_BOS | PRE_CLEAN)

static const struct pretokenizer pretokenizers[] = {
    {"default", common, PRE_CLEAN},
    {"llama3", llama3, LLAMA3_FLAGS},
    {"llama-v3", llama3, LLAMA3_FLAGS},
    {"llama-bpe", llama3, LLAMA3_FLAGS},
    {"falcon3", llama3, LLAMA3_FLAGS},
    {"falcon-h1", llama3, LLAMA3_FLAGS},
    {"pixtral", llama3, LLAMA3_FLAGS},
    {"midm-2.0", llama3, LLAMA3_FLAGS},
    {"lfm2", llama3, LLAMA3_FLAGS},
    {"jina-v5-nano", llama3, LLAMA3_FLAGS},
    {"dbrx", llama3, PRE_CLEAN},
    {"smaug-bpe", llama3, PRE_CLEAN},
    {"chatglm-bpe", llama3, PRE_CLEAN | PRE_NO_BOS},
    {"glm4", llama3, PRE_CLEAN | PRE_NO_BOS | PRE_IGNORE_MERGES},
    {"glm5", llama3, PRE_CLEAN | PRE_NO_BOS | PRE_IGNORE_MERGES},
    {"jais-2", jais2, PRE_CLEAN},
    {"minicpm5", minicpm5, PRE_CLEAN | PRE_IGNORE_MERGES},
    {"qwen2", qwen2, 0},
    {"deepseek-r1-qwen", qwen2, 0},
    {"kormo", qwen2, 0},
    {"f2llmv2", qwen2, 0},
    {"megrez", qwen2, PRE_CLEAN},
    {"stablelm2", qwen2, PRE_CLEAN},
    {"hunyuan", qwen2, 0},
    {"solar-open", qwen2, 0},
    {"grok-2", qwen2, 0},
    {"qwen35", qwen35, 0},
    {"ufakzeka", ufakzeka, 0},
    {"laguna", laguna, 0},
    {"seed-coder", seed_coder, 0},
    {"bailingmoe", qwen2, 0},
    {"bailingmoe2", qwen2, 0},
    {"llada-moe", qwen2, 0},
    {"exaone-moe", exaone_moe, PRE_CLEAN},
    {"gpt-2", gpt2, PRE_CLEAN},
    {"phi-2", gpt2, PRE_CLEAN},
    {"jina-es", gpt2, PRE_CLEAN},
    {"jina-de", gpt2, PRE_CLEAN},
    {"gigachat", gpt2, PRE_CLEAN},
    {"jina-v2-es", gpt2, PRE_CLEAN},
    {"jina-v2-de", gpt2, PRE_CLEAN},
    {"a.x-4.0", gpt2, PRE_CLEAN},
    {"mellum", gpt2, PRE_CLEAN},
    {"modern-bert", gpt2, PRE_CLEAN},
    {"jina-v1-en", gpt2, PRE_CLEAN},
    {"jina-v2-code", gpt2, PRE_CLEAN},
    {"roberta-bpe", gpt2, PRE_CLEAN},
    {"mpt", gpt2, PRE_CLEAN},
    {"olmo", gpt2, PRE_CLEAN},
    {"jais", gpt2, PRE_CLEAN},
    {"exaone4", gpt2, PRE_CLEAN},
    {"trillion", gpt2, 0},
    {"granite-docling", gpt2, 0},
    {"smollm", smollm, 0},
    {"starcoder", smollm, PRE_CLEAN},
    {"refact", smollm, PRE_CLEAN},
    {"command-r", smollm, 0},
    {"codeshell", smollm, PRE_CLEAN},
    {"exaone", smollm, PRE_CLEAN},
    {"minerva-7b", smollm, PRE_CLEAN},
    {"mellum2", smollm, PRE_CLEAN},
    {"falcon", falcon, PRE_CLEAN},
    {"tekken", tekken, PRE_IGNORE_MERGES | PRE_ADD_BOS},
    {"gpt-4o", gpt4o, 0},
    {"llama4", gpt4o, 0},
    {"kanana2", gpt4o, 0},
    {"talkie", gpt4o, 0},
    {"minimax-m2", gpt4o, 0},
    {"granite-embed-multi-97m", granite_multi, PRE_IGNORE_MERGES},
    {"tiny_aya", tiny_aya, 0},
    {"cohere2moe", tiny_aya, 0},
    {"youtu", youtu, PRE_IGNORE_MERGES},
    {"kimi-k2", kimi_k2, 0},
    {"deepseek-llm", deepseek_llm, 0},
    {"deepseek-coder", deepseek_coder, 0},
    {"deepseek-v3", deepseek_v3, 0},
    {"hunyuan-dense", deepseek_v3, 0},
    {"joyai-llm", deepseek_v3, 0},
    {"hy_v4", deepseek_v3, 0},
    {"spark2_5", spark2_5, 0},
    {"afmoe", afmoe, 0},
    {"poro-chat", bloom, 0},
    {"bloom", bloom, PRE_CLEAN},
    {"gpt3-finnish", bloom, PRE_CLEAN},
    {"viking", viking, 0},
    {"superbpe", superbpe, 0},
    {"chameleon", chameleon, PRE_ADD_BOS},
    {"gemma4", lines, PRE_RAW | PRE_SPACES | PRE_GEMMA | PRE_CLEAN},
    {"granite-embed-multi-311m", lines, PRE_RAW | PRE_SPACES | PRE_GEMMA | PRE_CLEAN},
    {"sarvam-moe", lines, PRE_RAW | PRE_SPACES},
    {"whitespace", whitespace, PRE_RAW | PRE_CLEAN},
};

const struct pretokenizer *pretokenizer_find(struct gguf_text name) {
    for (size_t i = 0; i < sizeof(pretokenizers) / sizeof(pretokenizers[0]); i++) {
        if (gguf_text_is(name, pretokenizers[i].name)) {
            return &pretokenizers[i];
        }
    }
    return NULL;
}

void words_start(struct words *words, const struct pattern *patterns, struct characters text) {
    *words = (struct words){.patterns = patterns, .text = text};
    words->ends[0] = text.count;
}

/* The end of the piece that starts at `at`: a match, or everything up to the next match. */
static size_t piece_end(struct characters *text, const struct pattern *pattern, size_t at, size_t end) {
    size_t last = pattern->match(text, at, end, pattern->rule);
    if (last > at) {
        return last;
    }
    do {
        at++;
    } while (at < end && pattern->match(text, at, end, pattern->rule) == at);
    return at;
}

bool words_next(struct words *words) {
    const size_t at = words->end;
    if (at >= words->text.count) {
        return false;
    }
    for (size_t i = 0; words->patterns[i].match; i++) {
        if (words->ends[i + 1] <= at) { /* the current piece is consumed */
            words->ends[i + 1] = piece_end(&words->text, &words->patterns[i], at, words->ends[i]);
        }
        words->end = words->ends[i + 1];
    }
    words->start = at;
    return true;
}
