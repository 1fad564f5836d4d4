# Every dependency of the build. docs/dependencies.md says what each is for.
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
pkg_check_modules(pcap REQUIRED IMPORTED_TARGET libpcap)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
# Its header for weir-host, which loads it at run time; linked by a test only.
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)
find_package(ZLIB REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp)
if(WEIR_BENCH)
  find_package(benchmark REQUIRED)
endif()

find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
add_library(tomlplusplus::tomlplusplus INTERFACE IMPORTED)
target_include_directories(tomlplusplus::tomlplusplus INTERFACE ${TOMLPLUSPLUS_INCLUDE})

# DuckDB is not packaged by Debian: a system copy wins, otherwise `dev setup` has put the pinned one here.
set(WEIR_DUCKDB_ROOT ${CMAKE_SOURCE_DIR}/build/deps/duckdb CACHE PATH "Folder with include/duckdb.h and lib/libduckdb.so")
find_path(DUCKDB_INCLUDE duckdb.h HINTS ${WEIR_DUCKDB_ROOT}/include)
find_library(DUCKDB_LIBRARY duckdb HINTS ${WEIR_DUCKDB_ROOT}/lib)
if(NOT DUCKDB_INCLUDE OR NOT DUCKDB_LIBRARY)
  message(FATAL_ERROR "libduckdb is missing: run './dev setup', or set WEIR_DUCKDB_ROOT to a folder with include/duckdb.h and lib/libduckdb.so")
endif()
add_library(duckdb::duckdb SHARED IMPORTED)
set_target_properties(duckdb::duckdb PROPERTIES IMPORTED_LOCATION ${DUCKDB_LIBRARY} IMPORTED_NO_SONAME FALSE
                      IMPORTED_SONAME libduckdb.so)
target_include_directories(duckdb::duckdb SYSTEM INTERFACE ${DUCKDB_INCLUDE})
