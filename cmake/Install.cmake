# What `cmake --install build/release --component decentd` puts where: the two programs, the prompts
# that an operator may copy and change, example configurations, shell completion.
set(DECENTD_SHARE ${CMAKE_INSTALL_DATADIR}/decentd)

foreach(program decentd decentctl)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT decentd)
  endif()
endforeach()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/node/llm/prompts DESTINATION ${DECENTD_SHARE}
        COMPONENT decentd OPTIONAL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/deploy/examples DESTINATION ${DECENTD_SHARE}
        COMPONENT decentd OPTIONAL)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT decentd)

# Made by the program from its own commands, so that it knows all of them.
if(TARGET decentctl)
  set(completion ${CMAKE_CURRENT_BINARY_DIR}/decentctl.bash)
  add_custom_command(OUTPUT ${completion} COMMAND decentctl completion bash > ${completion}
                     DEPENDS decentctl VERBATIM)
  add_custom_target(decentctl_completion ALL DEPENDS ${completion})
  install(FILES ${completion} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
          RENAME decentctl COMPONENT decentd)
endif()
