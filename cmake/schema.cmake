# schema/ -> generated headers. Generated files are build products; docs/columns.md is checked in and compared by `dev lint`.
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
set(WEIR_GENERATED ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${WEIR_GENERATED}/flow)
add_custom_command(
  OUTPUT ${WEIR_GENERATED}/flow/columns.gen.h ${WEIR_GENERATED}/flow/elements.gen.h
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/generate_schema.py --out ${WEIR_GENERATED}/flow
  DEPENDS ${CMAKE_SOURCE_DIR}/tools/generate_schema.py ${CMAKE_SOURCE_DIR}/schema/flow_columns.toml
          ${CMAKE_SOURCE_DIR}/schema/counter_columns.toml ${CMAKE_SOURCE_DIR}/schema/account_columns.toml
          ${CMAKE_SOURCE_DIR}/schema/iana_elements.csv
          ${CMAKE_SOURCE_DIR}/schema/enterprise_elements.csv
  VERBATIM)
add_custom_target(weir_schema DEPENDS ${WEIR_GENERATED}/flow/columns.gen.h)
