# What `cmake --install build/release --component decentd` puts where: the two programs, their manual
# pages and shell completion, the liar that `decentctl drill` starts, the prompts that an operator may
# copy and change, examples, monitoring. `--component service` adds systemd's unit, the service's user
# and its directories. The target `installed` builds all of it.
set(DECENTD_SHARE ${CMAKE_INSTALL_DATADIR}/decentd)

foreach(program decentd decentctl)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT decentd)
  endif()
endforeach()

# Apart from what people call; decentctl finds it from where it is itself (tools/cluster).
if(TARGET decentd-drill)
  install(TARGETS decentd-drill RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/decentd
          COMPONENT decentd)
endif()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/node/llm/prompts DESTINATION ${DECENTD_SHARE}
        COMPONENT decentd OPTIONAL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/deploy/examples ${PROJECT_SOURCE_DIR}/deploy/monitoring
        DESTINATION ${DECENTD_SHARE} COMPONENT decentd OPTIONAL)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT decentd)
install(FILES ${PROJECT_SOURCE_DIR}/docs/OPERATIONS.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT decentd OPTIONAL)

add_custom_target(installed ALL)
if(TARGET decentd-drill)
  add_dependencies(installed decentd-drill)
endif()

# Completion and manual pages are made by the programs from their own commands.
if(TARGET decentctl)
  set(completion ${CMAKE_CURRENT_BINARY_DIR}/decentctl.bash)
  add_custom_command(OUTPUT ${completion} COMMAND decentctl completion bash > ${completion}
                     DEPENDS decentctl VERBATIM)
  add_custom_target(decentctl_completion DEPENDS ${completion})
  add_dependencies(installed decentctl_completion)
  install(FILES ${completion} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
          RENAME decentctl COMPONENT decentd OPTIONAL)
endif()

# Without help2man there are none, and the programs' --help says the same.
find_program(HELP2MAN help2man)
set(about_decentd "one node of a council of language models that has no leader")
set(about_decentctl "set up decentd nodes, ask their council and check its proofs")
foreach(program decentd decentctl)
  if(TARGET ${program})
    add_dependencies(installed ${program})
  endif()
  if(TARGET ${program} AND HELP2MAN)
    set(page ${CMAKE_CURRENT_BINARY_DIR}/${program}.1)
    set(script ${PROJECT_SOURCE_DIR}/cmake/manual_page.sh)
    add_custom_command(
      OUTPUT ${page}
      COMMAND ${script} $<TARGET_FILE:${program}> ${program} ${about_${program}} > ${page}
      DEPENDS ${program} ${script} VERBATIM)
    add_custom_target(${program}_manual DEPENDS ${page})
    add_dependencies(installed ${program}_manual)
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT decentd OPTIONAL)
  endif()
endforeach()

# The unit names where the programs were installed to.
set(systemd ${PROJECT_SOURCE_DIR}/deploy/systemd)
install(CODE "
  set(lib \"\${CMAKE_INSTALL_PREFIX}/lib\")
  file(READ \"${systemd}/decentd.service\" unit)
  string(REPLACE /usr/bin/ \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/\" unit \"\${unit}\")
  file(WRITE \"\$ENV{DESTDIR}\${lib}/systemd/system/decentd.service\" \"\${unit}\")
  message(STATUS \"Installing: \$ENV{DESTDIR}\${lib}/systemd/system/decentd.service\")
" COMPONENT service)
install(FILES ${systemd}/decentd.sysusers DESTINATION lib/sysusers.d RENAME decentd.conf
        COMPONENT service)
install(FILES ${systemd}/decentd.tmpfiles DESTINATION lib/tmpfiles.d RENAME decentd.conf
        COMPONENT service)
