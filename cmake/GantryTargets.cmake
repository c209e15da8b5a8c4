# gantry_library(core_time SOURCES clock.cpp PUBLIC gantry::core_base PRIVATE fmt::fmt)
# makes the static library gantry_core_time with the alias gantry::core_time. Includes are from the
# root of the tree: #include "core/time/clock.hpp". Links are PRIVATE unless a header exposes them.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(GANTRY_CCACHE ccache)
if(GANTRY_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${GANTRY_CCACHE})
endif()
find_program(GANTRY_MOLD mold)
if(GANTRY_MOLD AND CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_link_options(-B/usr/libexec/mold)
endif()
# What nothing calls is left out of a program.
add_link_options(-Wl,--as-needed)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-ffunction-sections -fdata-sections)
    add_link_options(-Wl,--gc-sections)
endif()
# Two cores: one link at a time beside the compilers.
set_property(GLOBAL PROPERTY JOB_POOLS compile=2 link=1)
set(CMAKE_JOB_POOL_COMPILE compile)
set(CMAKE_JOB_POOL_LINK link)

# For the folders of what runs on every endpoint, where small is what counts: with -O2 the agent's
# code takes a third more memory.
macro(gantry_small_code)
    add_compile_options($<$<CONFIG:Release>:-Os>)
endmacro()

# Everything that sees Asio links this, so that the separate-compilation defines agree everywhere
# (a unit without them violates the one-definition rule).
function(gantry_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    set(target gantry_${name})
    add_library(${target} STATIC ${ARG_SOURCES})
    add_library(gantry::${name} ALIAS ${target})
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${target} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} gantry_warnings)
endfunction()

# A library of headers alone (ports, values).
function(gantry_header_library name)
    cmake_parse_arguments(ARG "" "" "PUBLIC" ${ARGN})
    add_library(gantry_${name} INTERFACE)
    add_library(gantry::${name} ALIAS gantry_${name})
    target_include_directories(gantry_${name} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(gantry_${name} INTERFACE ${ARG_PUBLIC})
endfunction()

function(gantry_program name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ${ARG_LINKS} gantry_warnings)
endfunction()

# gantry_test(unit_core_base SOURCES a_test.cpp LINKS gantry::core_base LABELS fast)
# One executable and one ctest entry per room. LABELS: fast (default), long, sim, e2e, bench.
function(gantry_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
    if(NOT ARG_LABELS)
        set(ARG_LABELS fast)
    endif()
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    gantry_program(${name} SOURCES ${ARG_SOURCES} LINKS ${ARG_LINKS} gantry_test_main)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
        WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} SKIP_RETURN_CODE 77)
endfunction()
