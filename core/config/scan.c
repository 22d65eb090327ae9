/* SPDX-License-Identifier: MIT */
/* Reads a text before libconfig does, for what it does not say: it wraps whole numbers without a
 * word, and ends the process when an included file cannot be read to its end. */
#include "node.h"

#include "platform/paths.h"
#include "record/text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INCLUDED_MAX = 1024 * 1024, INCLUDE_MAX_DEPTH = 10 }; /* of libconfig: it says so itself */

struct scanner {
    const char *next;
    const char *end;
    int line;
    const char *source; /* borrowed */
    const char *folder; /* borrowed; NULL: nothing may be included */
    int depth;
    struct config_problems *problems;
    bool is_sound;
};

static void reject(struct scanner *scanner, const char *sentence)
{
    struct config_node place = {
        .source = (char *)scanner->source,
        .line = scanner->folder != NULL ? scanner->line : NODE_LINE_NOWHERE,
    };
    config_problem(scanner->problems, &place, "%s", sentence);
    scanner->is_sound = false;
}

static bool at(const struct scanner *scanner, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(scanner->end - scanner->next) >= length &&
           memcmp(scanner->next, text, length) == 0;
}

/* ---- What is passed over ---- */

static void skip_string(struct scanner *scanner)
{
    for (scanner->next++; scanner->next < scanner->end && *scanner->next != '"'; scanner->next++) {
        if (*scanner->next == '\\' && scanner->next + 1 < scanner->end)
            scanner->next++;
        if (*scanner->next == '\n')
            scanner->line++;
    }
    if (scanner->next < scanner->end)
        scanner->next++;
}

static void skip_line(struct scanner *scanner)
{
    while (scanner->next < scanner->end && *scanner->next != '\n')
        scanner->next++;
}

static void skip_comment(struct scanner *scanner)
{
    for (scanner->next += 2; scanner->next < scanner->end; scanner->next++) {
        if (at(scanner, "*/")) {
            scanner->next += 2;
            return;
        }
        scanner->line += *scanner->next == '\n';
    }
}

/* ---- Whole numbers ---- */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '+' || c == '-' || c == '*';
}

/* libconfig holds a number in 32 bits, unless an L stands behind it, and hex of 32 bits may be
 * negative. A word that does not begin like a number, or is a fraction, is somebody else's. */
static bool is_too_large(const char *word, size_t length)
{
    char text[64];
    char *end;
    snprintf(text, sizeof(text), "%.*s", (int)length, word);
    bool is_hex = length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = text[0] == '-' || text[0] == '+' ? text + 1 : text;
    if (digits[0] < '0' || digits[0] > '9')
        return false;
    errno = 0;
    long long value = is_hex ? (long long)strtoull(text, &end, 16) : strtoll(text, &end, 10);
    if (*end != '\0' && *end != 'L' && length < sizeof(text))
        return false;
    if (errno == ERANGE || length >= sizeof(text))
        return true;
    return *end != 'L' &&
           (value > (is_hex ? (long long)UINT32_MAX : INT32_MAX) || value < INT32_MIN);
}

static void scan_word(struct scanner *scanner)
{
    const char *word = scanner->next;
    while (scanner->next < scanner->end && is_word(*scanner->next))
        scanner->next++;
    if (is_too_large(word, (size_t)(scanner->next - word))) /* not shown: it may be a token */
        reject(scanner, "this number is too large (a text needs quotes around it)");
}

/* ---- Included files ---- */

static bool scan_depth(const char *text, size_t length, const char *source, const char *folder,
                       int depth, struct config_problems *problems);

static void scan_file(struct scanner *scanner, const char *name)
{
    char path[PATH_CAPACITY];
    char sentence[sizeof(((struct error *)0)->text) + 16];
    struct error error = {0};
    char *text = NULL;
    size_t length = 0;
    int written = snprintf(path, sizeof(path), "%s/%s", scanner->folder, name); /* as libconfig */
    if (written >= (int)sizeof(path)) {
        reject(scanner, "@include: this path is too long");
        return;
    }
    if (file_read(path, INCLUDED_MAX, &text, &length, &error) != 0) {
        snprintf(sentence, sizeof(sentence), "@include: %s", error.text);
        reject(scanner, sentence);
        return;
    }
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        reject(scanner, "@include: that file begins with a byte order mark: save it without");
    else if (!scan_depth(text, length, name, scanner->folder, scanner->depth + 1,
                         scanner->problems))
        scanner->is_sound = false;
    free(text);
}

static void scan_include(struct scanner *scanner)
{
    char name[PATH_CAPACITY];
    size_t used = 0;
    if (scanner->folder == NULL) {
        reject(scanner, "@include works in a file only");
        skip_line(scanner);
        return;
    }
    scanner->next += strlen("@include");
    scanner->next += strspn(scanner->next, " \t");
    if (!at(scanner, "\""))
        return; /* libconfig says what is wrong */
    const char *c = scanner->next + 1;
    for (; *c != '\0' && *c != '"' && used < sizeof(name) - 1; c++) {
        if (*c == '\\' && c[1] != '\0')
            c++;
        name[used++] = *c;
    }
    name[used] = '\0';
    skip_string(scanner);
    if (scanner->depth < INCLUDE_MAX_DEPTH)
        scan_file(scanner, name);
}

/* ---- The whole text ---- */

static bool is_text(struct scanner *scanner)
{
    struct scanner walk = *scanner;
    while (walk.next < walk.end) {
        size_t bytes = *walk.next != '\0' ? text_character(walk.next) : 0;
        scanner->line = walk.line;
        if (*walk.next == '\0')
            reject(scanner, "this is not a text file");
        else if (bytes == 0)
            reject(scanner, "this line is not UTF-8: save the file as UTF-8");
        if (bytes == 0)
            return false;
        walk.line += *walk.next == '\n';
        walk.next += bytes;
    }
    scanner->line = 1;
    return true;
}

static bool scan_depth(const char *text, size_t length, const char *source, const char *folder,
                       int depth, struct config_problems *problems)
{
    struct scanner scanner = {text, text + length, 1, source, folder, depth, problems, true};
    if (!is_text(&scanner))
        return false;
    while (scanner.next < scanner.end) {
        if (at(&scanner, "\""))
            skip_string(&scanner);
        else if (at(&scanner, "#") || at(&scanner, "//"))
            skip_line(&scanner);
        else if (at(&scanner, "/*"))
            skip_comment(&scanner);
        else if (at(&scanner, "@include"))
            scan_include(&scanner);
        else if (is_word(*scanner.next))
            scan_word(&scanner);
        else
            scanner.line += *scanner.next++ == '\n';
    }
    return scanner.is_sound;
}

bool scan_text(const char *text, size_t length, const char *source, const char *folder,
               struct config_problems *problems)
{
    assert(text[length] == '\0'); /* numbers and characters are read up to it */
    return scan_depth(text, length, source, folder, 0, problems);
}
