-- expect: dangerous: orders are written anew
cluster orders using orders_pkey;
