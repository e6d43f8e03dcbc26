# What an installation holds, how it is taken away again, and the Debian package.

include(GNUInstallDirs)

# The manual page and the completion scripts come out of the program's own command table.
set(generated ${CMAKE_BINARY_DIR}/share)
add_custom_command(
  OUTPUT ${generated}/seine.1 ${generated}/seine.bash ${generated}/_seine ${generated}/seine.fish
  COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}
  COMMAND $<TARGET_FILE:seine> man > ${generated}/seine.1
  COMMAND $<TARGET_FILE:seine> completion bash > ${generated}/seine.bash
  COMMAND $<TARGET_FILE:seine> completion zsh > ${generated}/_seine
  COMMAND $<TARGET_FILE:seine> completion fish > ${generated}/seine.fish
  DEPENDS seine
  VERBATIM)
add_custom_target(seine_share ALL DEPENDS ${generated}/seine.1)

install(TARGETS seine RUNTIME)
install(FILES ${generated}/seine.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${generated}/seine.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME seine)
install(FILES ${generated}/_seine DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${generated}/seine.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES models/seine-mini/model.gguf models/seine-mini/README.md
        DESTINATION ${CMAKE_INSTALL_DATADIR}/seine/models/seine-mini)
install(FILES models/seine-embed/model.gguf models/seine-embed/README.md
        DESTINATION ${CMAKE_INSTALL_DATADIR}/seine/models/seine-embed)
install(FILES deploy/systemd/seine.service DESTINATION lib/systemd/system)
install(FILES README.md README.zh-CN.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

add_custom_target(uninstall
  COMMAND ${CMAKE_COMMAND} -DMANIFEST=${CMAKE_BINARY_DIR}/install_manifest.txt -P ${CMAKE_SOURCE_DIR}/cmake/uninstall.cmake
  VERBATIM)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME seine)
set(CPACK_PACKAGE_CONTACT "Seine maintainers <maintainers@seine.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "chromium-headless-shell, poppler-utils, poppler-data, tesseract-ocr, tesseract-ocr-chi-sim")
include(CPack)
