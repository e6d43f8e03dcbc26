# seine_proto: the messages of proto/*.proto as C++, in a library of their own. Generated code keeps other rules than ours,
# so it is compiled without our warnings and its headers count as a system's: <seine/v1/generation.pb.h>.

find_package(Protobuf 3.21 REQUIRED)

file(GLOB_RECURSE protos RELATIVE ${CMAKE_SOURCE_DIR}/proto CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/proto/*.proto)
set(proto_dir ${CMAKE_BINARY_DIR}/generated/proto)
file(MAKE_DIRECTORY ${proto_dir})
set(proto_sources "")
foreach(proto ${protos})
  string(REGEX REPLACE "\\.proto$" "" stem ${proto})
  add_custom_command(
    OUTPUT ${proto_dir}/${stem}.pb.cc ${proto_dir}/${stem}.pb.h
    COMMAND protobuf::protoc --proto_path=${CMAKE_SOURCE_DIR}/proto --cpp_out=${proto_dir} ${proto}
    DEPENDS ${CMAKE_SOURCE_DIR}/proto/${proto}
    VERBATIM)
  list(APPEND proto_sources ${proto_dir}/${stem}.pb.cc)
endforeach()
add_library(seine_proto STATIC ${proto_sources})
target_include_directories(seine_proto SYSTEM PUBLIC ${proto_dir})
target_link_libraries(seine_proto PUBLIC protobuf::libprotobuf)
target_compile_options(seine_proto PRIVATE -w)
