# SPDX-License-Identifier: MIT
# cmake -D FOLDER=web -D OPENAPI=openapi.json -D CHART=chart.min.js -D OUTPUT=pages_all.c -P embed.cmake:
# the dashboard's files and the description of the API as C arrays, each as it is and gzip'd, with a tag that changes with the content. Without CHART the page's
# request for the charts' library gets an empty script.
set(arrays "")
set(table "")
set(packed ${OUTPUT}.gz)

# put(NAME HEX): an array of that name.
function(put name bytes)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  set(arrays "${arrays}static const unsigned char ${name}[] = {${bytes}};\n" PARENT_SCOPE)
endfunction()

# embed(FILE PATH): a file, served at a path.
function(embed file path)
  string(MAKE_C_IDENTIFIER "page${path}" name)
  string(REGEX REPLACE ".*[.]" "" ending "${file}")
  set(type_html "text/html; charset=utf-8")
  set(type_css "text/css; charset=utf-8")
  set(type_js "text/javascript; charset=utf-8")
  set(type_svg "image/svg+xml")
  set(type_json "application/json")
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 16 hash)
  file(READ ${file} plain HEX)
  file(ARCHIVE_CREATE OUTPUT ${packed} PATHS ${file} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
  file(READ ${packed} gzip HEX)
  # Bytes 4 to 7 are the time of the packing, which would make each build another one.
  string(SUBSTRING "${gzip}" 0 8 head)
  string(SUBSTRING "${gzip}" 16 -1 tail)
  set(gzip "${head}00000000${tail}")
  put(${name} "${plain}")
  put(${name}_gzip "${gzip}")
  set(arrays "${arrays}" PARENT_SCOPE)
  set(table "${table}    {\"${path}\", \"${type_${ending}}\",
     {${name}, sizeof(${name}), \"\\\"${hash}\\\"\"},
     {${name}_gzip, sizeof(${name}_gzip), \"\\\"${hash}-gzip\\\"\"}},\n" PARENT_SCOPE)
endfunction()

file(GLOB files ${FOLDER}/*.css ${FOLDER}/*.js ${FOLDER}/*.svg)
embed(${FOLDER}/index.html "/")
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  embed(${file} "/${name}")
endforeach()
if(NOT CHART)
  set(CHART ${OUTPUT}.chart.js)
  file(WRITE ${CHART} "// Built without charts.\n")
endif()
embed(${CHART} "/chart.js")
embed(${OPENAPI} "/openapi.json")
file(REMOVE ${packed})
file(WRITE ${OUTPUT} "#include \"api/pages.h\"\n\n${arrays}\nconst struct page pages_all[] = {\n${table}    {0}};\n")
