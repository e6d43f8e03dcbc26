# cmake --build BUILD --target uninstall: removes what the last installation from this tree wrote.
if(NOT EXISTS ${MANIFEST})
  message(FATAL_ERROR "nothing to uninstall: ${MANIFEST} does not exist")
endif()
file(STRINGS ${MANIFEST} files)
foreach(file ${files})
  message(STATUS "removing $ENV{DESTDIR}${file}")
  file(REMOVE "$ENV{DESTDIR}${file}")
endforeach()
