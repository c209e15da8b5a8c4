# The compiler's opinion, as errors, on our own targets only.
add_library(gantry_warnings INTERFACE)
target_compile_options(gantry_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align
    -Woverloaded-virtual -Wconversion -Wno-sign-conversion -Wnull-dereference -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 reports these inside libstdc++ and Boost at -O2, wrongly.
    target_compile_options(gantry_warnings INTERFACE
        -Wno-maybe-uninitialized -Wno-null-dereference -Wno-array-bounds -Wno-stringop-overflow
        -Wno-restrict -Wno-mismatched-new-delete)
endif()
