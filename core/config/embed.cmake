# SPDX-License-Identifier: MIT
# cmake -D INPUT=clockblock.conf -D OUTPUT=builtin.c -P embed.cmake: a text file as a C string.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "#include \"config/builtin.h\"\n\nconst char config_builtin[] = {${bytes}0};\n")
