// The compiled part of Asio and of Beast's HTTP parser: once for the whole program, and only what is used (the rest of
// Beast is WebSockets, zlib and files).
#define BOOST_BEAST_SOURCE
#include <boost/asio/impl/src.hpp>
#include <boost/beast/core/detail/config.hpp>
//
#include <boost/beast/core/impl/error.ipp>
#include <boost/beast/core/impl/string.ipp>
#include <boost/beast/http/detail/basic_parser.ipp>
#include <boost/beast/http/detail/rfc7230.ipp>
#include <boost/beast/http/impl/basic_parser.ipp>
#include <boost/beast/http/impl/error.ipp>
#include <boost/beast/http/impl/field.ipp>
#include <boost/beast/http/impl/rfc7230.ipp>
#include <boost/beast/http/impl/verb.ipp>
