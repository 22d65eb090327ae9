# SPDX-License-Identifier: MIT
# How a plugin is built, here and by its authors elsewhere: this file is also installed, for
# find_package(clockblock).
include_guard()

# clockblock_add_plugin(NAME SOURCES a.c ... [LIBRARIES ...]): NAME.so, made by the target plugin_NAME.
# A plugin is one shared object with one exported symbol. It links nothing of the agent: all that it
# sees of it is clockblock::plugin_api, the headers.
function(clockblock_add_plugin name)
  cmake_parse_arguments(PLUGIN "" "" "SOURCES;LIBRARIES" ${ARGN})
  if(PLUGIN_UNPARSED_ARGUMENTS OR NOT PLUGIN_SOURCES)
    message(FATAL_ERROR "clockblock_add_plugin(${name} SOURCES ... [LIBRARIES ...])")
  endif()
  set(target plugin_${name})
  add_library(${target} MODULE ${PLUGIN_SOURCES})
  target_link_libraries(${target} PRIVATE clockblock::plugin_api ${PLUGIN_LIBRARIES})

  # Hidden visibility reaches what is compiled here. Static libraries and templates of the C++ library
  # bring symbols of their own, which would otherwise be shared with the other plugins in the process.
  set(exports ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/exports.map)
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} LINK_DEPENDS ${exports}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_options(${target} PRIVATE
    -Wl,--exclude-libs,ALL -Wl,--version-script=${exports} -Wl,--as-needed)
  # What is missing shows now, and not when a user loads it; but the sanitizers are in the program.
  if(NOT CLOCKBLOCK_SANITIZE AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()

  # The agent loads no code that a group or others may write, whatever the umask of the build was.
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND chmod go-w $<TARGET_FILE:${target}> VERBATIM)
  install(TARGETS ${target} LIBRARY DESTINATION ${clockblock_PLUGIN_DESTINATION}
    PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()
