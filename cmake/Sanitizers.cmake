# -DGANTRY_SANITIZE=address;undefined or thread; -DGANTRY_COVERAGE=ON.
set(GANTRY_SANITIZE "" CACHE STRING "sanitizers, separated by semicolons")
option(GANTRY_COVERAGE "instrument for gcov" OFF)

if(GANTRY_SANITIZE)
    list(JOIN GANTRY_SANITIZE "," _sanitize)
    add_compile_options(-fsanitize=${_sanitize} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${_sanitize})
    if("thread" IN_LIST GANTRY_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        add_compile_options(-Wno-tsan)  # Boost 1.81 uses atomic_thread_fence
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        add_compile_options(-fno-sanitize=function)  # breaks on coroutines in Clang 14
    endif()
endif()
if(GANTRY_COVERAGE)
    # Atomic: threads that count without it end below zero, which gcovr takes for damage.
    add_compile_options(--coverage -O0 -fprofile-update=atomic)
    add_link_options(--coverage)
endif()
