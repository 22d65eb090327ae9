/* SPDX-License-Identifier: MIT */
#include "vdf.h"

#include <string.h>

enum token { TOKEN_END, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_TEXT };

struct reader {
    const char *at;
    const char *end;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

static void skip_line(struct reader *reader)
{
    while (reader->at < reader->end && *reader->at != '\n')
        reader->at++;
}

/* Spaces, comments, and conditions such as [$WIN32]. */
static void skip_space(struct reader *reader)
{
    for (; reader->at < reader->end; reader->at++) {
        if (*reader->at == '/' && reader->end - reader->at > 1 && reader->at[1] == '/')
            skip_line(reader);
        else if (*reader->at == '[')
            while (reader->at < reader->end && *reader->at != ']' && *reader->at != '\n')
                reader->at++;
        else if (!is_space(*reader->at))
            return;
        if (reader->at == reader->end)
            return;
    }
}

static void append(char *text, size_t *used, char c)
{
    if (*used + 1 < VDF_TEXT_CAPACITY)
        text[(*used)++] = c;
}

static void read_quoted(struct reader *reader, char *text)
{
    size_t used = 0;
    for (reader->at++; reader->at < reader->end && *reader->at != '"'; reader->at++) {
        char c = *reader->at;
        if (c == '\\' && reader->end - reader->at > 1) {
            c = *++reader->at;
            c = (char)(c == 'n' ? '\n' : c == 't' ? '\t' : c);
        }
        append(text, &used, c);
    }
    reader->at += reader->at < reader->end;
    text[used] = '\0';
}

static void read_word(struct reader *reader, char *text)
{
    size_t used = 0;
    for (; reader->at < reader->end && !is_space(*reader->at); reader->at++) {
        if (strchr("{}\"", *reader->at) != NULL)
            break;
        append(text, &used, *reader->at);
    }
    text[used] = '\0';
}

static enum token read_token(struct reader *reader, char *text)
{
    skip_space(reader);
    if (reader->at == reader->end)
        return TOKEN_END;
    switch (*reader->at) {
    case '{':
        reader->at++;
        return TOKEN_OPEN;
    case '}':
        reader->at++;
        return TOKEN_CLOSE;
    case '"':
        read_quoted(reader, text);
        return TOKEN_TEXT;
    default:
        read_word(reader, text);
        return TOKEN_TEXT;
    }
}

void vdf_each(const char *text, size_t length, vdf_pair pair, void *context)
{
    struct reader reader = {text, text + length};
    char texts[2][VDF_TEXT_CAPACITY];
    bool has_key = false;
    int depth = 0;
    for (;;) {
        enum token token = read_token(&reader, texts[has_key]);
        if (token == TOKEN_END)
            return;
        if (token == TOKEN_TEXT && has_key && !pair(depth, texts[0], texts[1], context))
            return;
        if (token == TOKEN_OPEN)
            depth++;
        if (token == TOKEN_CLOSE && depth > 0)
            depth--;
        has_key = token == TOKEN_TEXT && !has_key;
    }
}
