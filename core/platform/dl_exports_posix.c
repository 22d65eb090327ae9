/* SPDX-License-Identifier: MIT */
/* The table of dynamic symbols of an ELF file, read without loading it. */
#include "dl.h"
#include "file.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_BYTES = 256 * 1024 * 1024 };

/* The machine's own kind of ELF is the only one that it can load. */
typedef ElfW(Ehdr) elf_header;
typedef ElfW(Shdr) elf_section;
typedef ElfW(Sym) elf_symbol;

struct image {
    const char *bytes;
    size_t length;
};

/* `count` things of `size` bytes at `offset`, or NULL when they are not all inside the file. */
static const void *at(const struct image *image, uint64_t offset, uint64_t count, size_t size)
{
    if (offset > image->length || count > (image->length - offset) / size)
        return NULL;
    return image->bytes + offset;
}

static bool is_exported(const elf_symbol *symbol)
{
    int bind = ELF64_ST_BIND(symbol->st_info);
    int visibility = ELF64_ST_VISIBILITY(symbol->st_other);
    return symbol->st_shndx != SHN_UNDEF && (bind == STB_GLOBAL || bind == STB_WEAK) &&
           (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

static bool visit_symbols(const struct image *image, const elf_section *table,
                          const elf_section *names, void (*visit)(const char *name, void *context),
                          void *context)
{
    const char *strings = at(image, names->sh_offset, names->sh_size, 1);
    uint64_t count = table->sh_size / sizeof(elf_symbol);
    const char *symbols = at(image, table->sh_offset, count, sizeof(elf_symbol));
    if (strings == NULL || symbols == NULL || names->sh_size == 0 ||
        strings[names->sh_size - 1] != '\0')
        return false;
    for (uint64_t i = 0; i < count; i++) {
        elf_symbol symbol;
        memcpy(&symbol, symbols + i * sizeof(symbol), sizeof(symbol));
        if (symbol.st_name < names->sh_size && is_exported(&symbol))
            visit(strings + symbol.st_name, context);
    }
    return true;
}

static bool visit_image(const struct image *image, void (*visit)(const char *name, void *context),
                        void *context)
{
    elf_header header;
    if (image->length < sizeof(header))
        return false;
    memcpy(&header, image->bytes, sizeof(header));
    const char *sections = at(image, header.e_shoff, header.e_shnum, sizeof(elf_section));
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || sections == NULL ||
        header.e_shentsize != sizeof(elf_section))
        return false;
    for (unsigned i = 0; i < header.e_shnum; i++) {
        elf_section table;
        elf_section names;
        memcpy(&table, sections + i * sizeof(table), sizeof(table));
        if (table.sh_type != SHT_DYNSYM || table.sh_link >= header.e_shnum)
            continue;
        memcpy(&names, sections + table.sh_link * sizeof(names), sizeof(names));
        return visit_symbols(image, &table, &names, visit, context);
    }
    return false;
}

bool dl_exports(const char *path, void (*visit)(const char *name, void *context), void *context)
{
    char *bytes = NULL;
    size_t length = 0;
    if (file_read(path, FILE_MAX_BYTES, &bytes, &length, NULL) != 0)
        return false;
    const struct image image = {bytes, length};
    bool read = visit_image(&image, visit, context);
    free(bytes);
    return read;
}
