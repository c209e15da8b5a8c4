# cmake -DOUTPUT=file.cpp -DFOLDER=migrations -P embed_migrations.cmake
# Writes migrations/NNNN_name.sql, in order, as one table of string literals. A literal may hold
# 64 KiB by the standard's minimum; a migration is far smaller.
file(GLOB files ${FOLDER}/*.sql)
list(SORT files)
set(rows "")
foreach(file ${files})
    get_filename_component(stem ${file} NAME_WE)
    string(REGEX MATCH "^([0-9]+)_(.+)$" matched ${stem})
    if(NOT matched)
        message(FATAL_ERROR "${file}: the name must be NNNN_words.sql")
    endif()
    set(version ${CMAKE_MATCH_1})
    set(name ${CMAKE_MATCH_2})
    string(REGEX REPLACE "^0+" "" version ${version})
    file(READ ${file} text)
    string(APPEND rows "    {${version}, \"${name}\", R\"sql(${text})sql\"},\n")
endforeach()
file(WRITE ${OUTPUT}.new "#include \"core/storage/migrations.hpp\"\n\n"
    "namespace gantry::storage {\nnamespace {\nconstexpr Migration k_migrations[] = {\n${rows}};\n"
    "}  // namespace\n\nstd::span<const Migration> migrations() { return k_migrations; }\n"
    "}  // namespace gantry::storage\n")
file(RENAME ${OUTPUT}.new ${OUTPUT})
