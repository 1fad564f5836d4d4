# What `cmake --install` puts where, and the packages of CPack. Two components: weir and weir-host.
include(GNUInstallDirs)
set(WEIR_LIBDIR lib/weir)  # libraries that are not Debian's
set(WEIR_DOCUMENTS ${CMAKE_BINARY_DIR}/documents)

# Manual pages and the commented configuration, written by the programs themselves so that they say what these do; and the
# library without its symbols.
add_custom_command(
  OUTPUT ${WEIR_DOCUMENTS}/stamp
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${WEIR_DOCUMENTS}
  COMMAND weir manual ${WEIR_DOCUMENTS}/man --date ${WEIR_DATE}
  COMMAND weir check --commented > ${WEIR_DOCUMENTS}/weir.toml
  COMMAND ${CMAKE_SOURCE_DIR}/packaging/manual_from_help.sh $<TARGET_FILE:weir-host> ${WEIR_DATE} > ${WEIR_DOCUMENTS}/man/weir-host.1
  COMMAND sh -c "gzip -9n ${WEIR_DOCUMENTS}/man/*"
  COMMAND sh -c "gzip -9nc ${CMAKE_SOURCE_DIR}/packaging/debian/changelog > ${WEIR_DOCUMENTS}/changelog.Debian.gz"
  COMMAND ${CMAKE_STRIP} --strip-unneeded -o ${WEIR_DOCUMENTS}/libduckdb.so ${DUCKDB_LIBRARY}
  COMMAND ${CMAKE_COMMAND} -E touch ${WEIR_DOCUMENTS}/stamp
  DEPENDS weir weir-host packaging/debian/changelog packaging/manual_from_help.sh
  VERBATIM)
add_custom_target(weir_documents ALL DEPENDS ${WEIR_DOCUMENTS}/stamp)

# A unit, with the programs where they are installed.
function(weir_install_unit component unit)
  install(CODE "file(READ ${CMAKE_SOURCE_DIR}/packaging/systemd/${unit} text)
string(REPLACE /usr/bin/weir \"\${CMAKE_INSTALL_PREFIX}/bin/weir\" text \"\${text}\")
file(WRITE ${CMAKE_BINARY_DIR}/units/${unit} \"\${text}\")
file(INSTALL ${CMAKE_BINARY_DIR}/units/${unit} DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system\")" COMPONENT ${component})
endfunction()

# A build finds libduckdb where it was fetched, what is installed finds it beside itself.
set_target_properties(weir PROPERTIES INSTALL_RPATH "$ORIGIN/../${WEIR_LIBDIR}")
install(TARGETS weir RUNTIME COMPONENT weir)
install(FILES ${WEIR_DOCUMENTS}/libduckdb.so DESTINATION ${WEIR_LIBDIR} COMPONENT weir)
weir_install_unit(weir weir.service)
install(FILES packaging/systemd/weir.sysusers DESTINATION lib/sysusers.d RENAME weir.conf COMPONENT weir)
# Never over what somebody has written.
install(CODE "if(NOT EXISTS \"\$ENV{DESTDIR}/etc/weir/weir.toml\")
  file(INSTALL ${WEIR_DOCUMENTS}/weir.toml DESTINATION /etc/weir)
endif()" COMPONENT weir)
install(DIRECTORY ${WEIR_DOCUMENTS}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT weir
        FILES_MATCHING PATTERN "weir.1.gz" PATTERN "weir-*.1.gz" PATTERN "weir-host.1.gz" EXCLUDE)
install(FILES ${WEIR_DOCUMENTS}/man/weir.toml.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT weir)
install(FILES packaging/completion/weir.bash DESTINATION share/bash-completion/completions RENAME weir COMPONENT weir)
install(FILES packaging/completion/_weir DESTINATION share/zsh/vendor-completions COMPONENT weir)
install(FILES packaging/completion/weir.fish DESTINATION share/fish/vendor_completions.d COMPONENT weir)
install(FILES ${WEIR_DOCUMENTS}/changelog.Debian.gz packaging/debian/copyright DESTINATION share/doc/weir COMPONENT weir)
install(FILES packaging/debian/weir.overrides DESTINATION share/lintian/overrides RENAME weir COMPONENT weir)
install(DIRECTORY packaging/grafana packaging/prometheus DESTINATION share/weir COMPONENT weir
        PATTERN "weir-host.json" EXCLUDE)

install(TARGETS weir-host RUNTIME COMPONENT weir-host)
weir_install_unit(weir-host weir-host.service)
weir_install_unit(weir-host weir-host.socket)
install(FILES ${WEIR_DOCUMENTS}/man/weir-host.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT weir-host)
install(FILES packaging/weir-host/web.yml packaging/grafana/weir-host.json DESTINATION share/weir-host COMPONENT weir-host)
install(FILES ${WEIR_DOCUMENTS}/changelog.Debian.gz packaging/debian/copyright DESTINATION share/doc/weir-host COMPONENT weir-host)

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "The Weir authors <weir@example.org>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_COMPONENTS_ALL weir weir-host)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/deps-lib)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_WEIR_PACKAGE_NAME weir)
set(CPACK_DEBIAN_WEIR_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_WEIR-HOST_PACKAGE_NAME weir-host)
set(CPACK_COMPONENT_WEIR_DESCRIPTION "collector and store of network flows\n\
Receives NetFlow, IPFIX and sFlow from routers, firewalls and probes, keeps\n\
every flow in open Parquet files, and answers questions in nfdump's language.")
set(CPACK_COMPONENT_WEIR-HOST_DESCRIPTION "metrics of this machine for Prometheus\n\
Exports what the kernel knows of the machine with node_exporter's names, at\n\
a fraction of its cost.")
foreach(package weir weir-host)
  string(TOUPPER ${package} upper)
  set(control ${CMAKE_BINARY_DIR}/control/${package})
  foreach(script postinst prerm postrm)
    configure_file(packaging/debian/${package}.${script} ${control}/${script} COPYONLY
                   FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endforeach()
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA ${control}/postinst ${control}/prerm ${control}/postrm)
endforeach()
configure_file(packaging/debian/weir.conffiles ${CMAKE_BINARY_DIR}/control/weir/conffiles COPYONLY)
list(APPEND CPACK_DEBIAN_WEIR_PACKAGE_CONTROL_EXTRA ${CMAKE_BINARY_DIR}/control/weir/conffiles)
include(CPack)
