// The one unit that compiles Asio's, Beast's and Process' function bodies. Process v2's source
// needs the first two headers before it (Boost 1.81), and with std::filesystem (which saves a
// library to link) every unit that includes Process needs remove_pointer.hpp before it.
#include <boost/asio.hpp>
#include <boost/asio/detail/throw_error.hpp>
#include <boost/type_traits/remove_pointer.hpp>

#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/process/v2/src.hpp>
